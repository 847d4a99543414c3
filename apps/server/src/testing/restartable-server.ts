import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, loadConfig, type Logger } from '@latchkey/platform';
import { type RunningServer, startServer } from '../server';
import { Api } from './api';
import { Keypads } from './keypads';

/** A whole server on a folder that outlives it: it can be stopped, and its folder changed, and started again. */
export class RestartableServer {
  private running: RunningServer | undefined;
  private keypads: Keypads | undefined;
  readonly dataDir = mkdtempSync(join(tmpdir(), 'latchkey-restarts-'));
  private backups = 0;

  /** @param env settings beside those of a test */
  constructor(private readonly env: NodeJS.ProcessEnv = {}) {}

  async start(logger: Logger = createLogger('silent')): Promise<void> {
    const config = loadConfig({
      ...{ PORT: '0', LOCK_CLOUD_PORT: '0', EVENTSTORE_PORT: '0', DATA_DIR: this.dataDir },
      ...{ SANDBOX_CLOCK: 'manual', LOG_LEVEL: 'fatal', ACCOUNT_POLL_EVERY: 'P2D' },
      ...this.env,
    });
    this.running = await startServer(config, logger);
    this.keypads = new Keypads(this.running.sandbox!.lockCloudUrl, this.api);
  }

  get api(): Api {
    return new Api(this.running!.url, this.running!.sandbox!.apiKey);
  }

  get locks(): Keypads {
    return this.keypads!;
  }

  async stop(): Promise<void> {
    await this.keypads?.close();
    await this.running?.close();
    this.running = this.keypads = undefined;
  }

  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  has(name: string): boolean {
    return existsSync(join(this.dataDir, name));
  }

  /** Copies something of the folder beside it. @returns puts the copy back in its place */
  backUp(name: string): () => void {
    const [there, copy] = [join(this.dataDir, name), join(this.dataDir, `backup-${++this.backups}`)];
    cpSync(there, copy, { recursive: true });
    return () => {
      this.remove(name);
      cpSync(copy, there, { recursive: true });
    };
  }

  remove(...names: string[]): void {
    for (const name of names) rmSync(join(this.dataDir, name), { recursive: true, force: true });
  }

  /** Views, feed and audit, which are folded again. */
  removeViews(): void {
    for (const name of ['views.db', 'feed.db', 'audit.db']) this.remove(name, `${name}-wal`, `${name}-shm`);
  }
}
