import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerAddress } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { createLogger, freePort, loadConfig } from '@latchkey/platform';
import { type RunningServer, startServer } from '../server';
import { Api } from './api';
import { Keypads } from './keypads';

/** An event of a code's own stream, as it is stored. */
export interface StoredEvent {
  readonly type: string;
  /** By our clock, ms. */
  readonly at: number;
  readonly data: Record<string, unknown>;
}

/** A whole server, as `npm start` would run it, on free ports, an empty folder and a clock that stands still. */
export class ServerWorld {
  readonly api: Api;
  readonly locks: Keypads;
  private readonly store: EventStoreDb;

  private constructor(
    readonly server: RunningServer,
    readonly dataDir: string,
    readonly eventstorePort: number,
  ) {
    this.api = new Api(server.url, server.sandbox!.apiKey);
    this.locks = new Keypads(server.sandbox!.lockCloudUrl, this.api);
    const { eventstoreUrl } = server.config;
    this.store = new EventStoreDb(eventstoreUrl ?? ownerAddress(join(dataDir, 'eventstore')));
  }

  /** @param env settings, as the environment would give them; a DATA_DIR among them goes with the world, too */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<ServerWorld> {
    const dataDir = env['DATA_DIR'] ?? mkdtempSync(join(tmpdir(), 'latchkey-acceptance-'));
    const eventstorePort = await freePort();
    const config = loadConfig({
      PORT: '0',
      LOCK_CLOUD_PORT: '0',
      EVENTSTORE_PORT: String(eventstorePort),
      DATA_DIR: dataDir,
      SANDBOX_CLOCK: 'manual',
      LOG_LEVEL: 'fatal',
      // A poll every quarter of an hour would be most of what is played; the tests that need one ask for it.
      ACCOUNT_POLL_EVERY: 'P2D',
      ...env,
    });
    const server = await startServer(config, createLogger(config.logLevel)).catch((error: unknown) => {
      rmSync(dataDir, { recursive: true, force: true });
      throw error;
    });
    return new ServerWorld(server, dataDir, eventstorePort);
  }

  async stop(): Promise<void> {
    await this.shutDown();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Stops the server and leaves its data folder, which is the caller's to remove. */
  async shutDown(): Promise<void> {
    await this.store.close();
    await this.locks.close();
    await this.server.close();
  }

  /** A code's own events, oldest first. */
  async story(accessCodeId: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const { type, data, metadata } of this.store.read(`accessCode-${accessCodeId}`)) {
      const { occurredAt } = metadata;
      events.push({ type, at: Date.parse(occurredAt), data: data as Record<string, unknown> });
    }
    return events;
  }

  /** The types of a code's own events, oldest first. */
  async types(accessCodeId: string): Promise<string[]> {
    return (await this.story(accessCodeId)).map(({ type }) => type);
  }
}
