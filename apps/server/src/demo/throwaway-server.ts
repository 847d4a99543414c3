import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@latchkey/platform';

const STOP_WITHIN_MS = 5_000;

interface Addresses {
  readonly url: string;
  readonly lockCloudUrl: string;
}

/**
 * A server of its own in a process of its own, on free ports, a folder of its own and a clock that stands still
 * between advances. Nothing of it outlives `close`.
 */
export class ThrowawayServer {
  readonly apiKey = `seam_${randomUUID()}`;
  private child: ChildProcess | undefined;
  private addresses!: Addresses;

  private constructor(
    /** Its data folder. */
    readonly folder: string,
    private readonly eventStorePort: number,
    private readonly locksFile: string | undefined,
  ) {}

  /**
   * @param system an entry for the file of lock systems
   * @throws {Error} with what the server said, when it can't start
   */
  static async start(system?: object): Promise<ThrowawayServer> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-demo-'));
    const locksFile = system && join(folder, 'locks.json');
    if (locksFile) writeFileSync(locksFile, JSON.stringify([system]));
    const server = new ThrowawayServer(folder, await freePort(), locksFile);
    try {
      await server.run(0, 0);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  get url(): string {
    return this.addresses.url;
  }

  get lockCloudUrl(): string {
    return this.addresses.lockCloudUrl;
  }

  /** As if the power had failed: no signal that could be handled, no farewell. */
  async kill(): Promise<void> {
    if (this.child) await ended(this.child, 'SIGKILL');
    // The event store and the lock cloud notice by themselves that their parent is gone.
    await Promise.all([this.eventStorePort, portOf(this.lockCloudUrl)].map(untilClosed));
  }

  /** Starts again on what was left, on the same ports, since the lock cloud reports to the old address. */
  async restart(): Promise<void> {
    await this.run(portOf(this.url), portOf(this.lockCloudUrl));
  }

  async close(): Promise<void> {
    if (this.child) await ended(this.child, 'SIGTERM');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  private async run(port: number, lockCloudPort: number): Promise<void> {
    const { PATH, HOME, TMPDIR } = process.env;
    this.child = spawn(process.execPath, ['--enable-source-maps', join(__dirname, '..', 'main.js')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Settings of the shell that the demo was called from are for real servers.
      env: {
        ...{ PATH, HOME, TMPDIR },
        PORT: String(port),
        LOCK_CLOUD_PORT: String(lockCloudPort),
        EVENTSTORE_PORT: String(this.eventStorePort),
        DATA_DIR: this.folder,
        SANDBOX_CLOCK: 'manual',
        SANDBOX_API_KEY: this.apiKey,
        LOG_LEVEL: 'error',
        ...(this.locksFile === undefined ? {} : { SANDBOX_LOCKS_FILE: this.locksFile }),
        // So that the server ends when the demo is gone, however it went.
        npm_lifecycle_event: 'demo',
      },
    });
    this.addresses = await listening(this.child);
  }
}

function listening(child: ChildProcess): Promise<Addresses> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    child.once('exit', (code) =>
      reject(new Error(`The server ended (${code ?? 'killed'}) before it listened.`)),
    );
    child.stdout!.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const url = /listens on (http:[^\s"]+)/.exec(said)?.[1];
      const lockCloudUrl = /lock cloud +(http:\S+)\/simulator\/locks /.exec(said)?.[1];
      if (url !== undefined && lockCloudUrl !== undefined) resolve({ url, lockCloudUrl });
    });
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

const portOf = (url: string): number => Number(new URL(url).port);

/** Resolves when nobody listens on the port any more. */
async function untilClosed(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.destroy());
    });
    if (!open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
