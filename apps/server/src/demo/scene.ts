import { Api, LocksAtHand } from './clients';
import { CodeEvents } from './code-events';
import { ThrowawayServer } from './throwaway-server';

/** Where the lives are played: a server of its own, and what is needed to drive it and to look at it. */
export class Scene {
  private constructor(
    readonly server: ThrowawayServer,
    readonly api: Api,
    readonly locks: LocksAtHand,
    private codeEvents: CodeEvents,
  ) {}

  static async open(): Promise<Scene> {
    const server = await ThrowawayServer.start();
    const { url, apiKey, lockCloudUrl, folder } = server;
    return new Scene(server, new Api(url, apiKey), new LocksAtHand(lockCloudUrl), new CodeEvents(folder));
  }

  events(): CodeEvents {
    return this.codeEvents;
  }

  /** `kill -9`, and a start on what was left. */
  async crash(): Promise<void> {
    await this.codeEvents.close();
    await this.server.kill();
    await this.server.restart();
    this.codeEvents = new CodeEvents(this.server.folder);
  }

  async close(): Promise<void> {
    await this.codeEvents.close();
    await this.server.close();
  }
}
