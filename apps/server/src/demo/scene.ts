import { Api, CloudLocksAtHand, type LockAtHand, type LocksAtHand } from './clients';
import { CodeEvents } from './code-events';
import { connect } from './hub/connect';
import type { Hub } from './hub/hub';
import { ThrowawayServer } from './throwaway-server';

/** Where the lives are played: a server of its own, and what is needed to drive it and to look at it. */
export class Scene {
  private constructor(
    readonly server: ThrowawayServer,
    readonly api: Api,
    /** Those of the lock cloud. */
    readonly cloud: CloudLocksAtHand,
    /** The lock system on this machine whose locks are played with; left out: the lock cloud's are. */
    readonly hub: Hub | undefined,
    private codeEvents: CodeEvents,
  ) {}

  /** @param startHub a lock system to have beside the lock cloud; it is closed with the scene */
  static async open(startHub?: () => Promise<Hub>): Promise<Scene> {
    const hub = await startHub?.();
    try {
      const server = await ThrowawayServer.start(hub?.entry);
      const { url, apiKey, lockCloudUrl, folder } = server;
      const api = new Api(url, apiKey);
      const cloud = new CloudLocksAtHand(lockCloudUrl);
      const scene = new Scene(server, api, cloud, hub, new CodeEvents(folder));
      // Matter's are connected one by one, when they are hung up.
      if (hub && hub.entry.kind !== 'matter') await connect(api, url, hub.entry.name);
      return scene;
    } catch (error) {
      await hub?.close();
      throw error;
    }
  }

  /** Hangs up a lock at the hub, and pairs it where locks are paired. */
  async hang(name: string): Promise<LockAtHand> {
    const { pairingCode, ...lock } = await this.hub!.hang(name);
    if (pairingCode !== undefined) {
      const given = { pairing_code: pairingCode };
      await connect(this.api, this.server.url, this.hub!.entry.name, given);
    }
    return lock;
  }

  get locks(): LocksAtHand {
    return this.hub ?? this.cloud;
  }

  events(): CodeEvents {
    return this.codeEvents;
  }

  /** `kill -9`, and a start on what was left. */
  async crash(): Promise<void> {
    await this.die();
    await this.revive();
  }

  /** `kill -9`. */
  async die(): Promise<void> {
    await this.codeEvents.close();
    await this.server.kill();
  }

  async revive(): Promise<void> {
    await this.server.restart();
    this.codeEvents = new CodeEvents(this.server.folder);
  }

  async close(): Promise<void> {
    await this.codeEvents.close();
    await this.server.close();
    await this.hub?.close();
  }
}
