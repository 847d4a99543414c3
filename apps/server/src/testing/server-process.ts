import { freePort, until } from '@latchkey/platform';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from './api';
import type { Compiled } from './compiled';
import { Keypads } from './keypads';

/** The settings of a server that can be started again and again, on the same ports and data. */
export async function ownSettings(): Promise<{ env: NodeJS.ProcessEnv; remove: () => void }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-process-'));
  const [port, cloud, store] = await Promise.all([freePort(), freePort(), freePort()]);
  const env = {
    PORT: String(port),
    LOCK_CLOUD_PORT: String(cloud),
    EVENTSTORE_PORT: String(store),
    DATA_DIR: dataDir,
    SANDBOX_API_KEY: `seam_${randomUUID()}`,
    SANDBOX_CLOCK: 'manual',
    LOG_LEVEL: 'error',
    ACCOUNT_POLL_EVERY: 'P2D',
  };
  return { env, remove: () => rmSync(dataDir, { recursive: true, force: true }) };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The server as a process of its own. */
export class ServerProcess {
  private stdout = '';
  private stderr = '';
  private closed = false;
  readonly ended: Promise<Ended>;
  api!: Api;
  locks!: Keypads;

  private constructor(
    private readonly child: ChildProcess,
    private readonly apiKey: string,
  ) {
    child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString('utf8')));
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString('utf8')));
    this.ended = once(child, 'close').then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Starts it without waiting for anything. */
  static spawn(compiled: Compiled, env: NodeJS.ProcessEnv, args: readonly string[] = []): ServerProcess {
    const { PATH, HOME } = process.env;
    const main = compiled.path('apps/server/src/main.js');
    const options = {
      env: { PATH, HOME, ...compiled.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'] as const,
    };
    return new ServerProcess(
      spawn(process.execPath, ['--enable-source-maps', main, ...args], {
        ...options,
        stdio: [...options.stdio],
      }),
      env.SANDBOX_API_KEY ?? '',
    );
  }

  /** Resolves when it says that it listens. @throws with what it said when it ends instead */
  static async start(
    compiled: Compiled,
    env: NodeJS.ProcessEnv,
    args: readonly string[] = [],
  ): Promise<ServerProcess> {
    const server = ServerProcess.spawn(compiled, env, args);
    await server.listening();
    return server;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get said(): string {
    return this.stdout;
  }

  /** The processes that it has started. */
  children(): number[] {
    const listed = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return listed.trim().split(/\s+/).filter(Boolean).map(Number);
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    const ended = await this.ended;
    if (!this.closed) {
      this.closed = true;
      await this.locks?.close();
    }
    return ended;
  }

  private async listening(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.child.stdout!.on('data', () => /Latchkey listens/.test(this.stdout) && resolve());
      void this.ended.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)));
    });
    const url = /listens on (http[^\s"]+)/.exec(this.stdout)![1]!;
    const cloud = /lock cloud\s+(\S+)\/simulator\/locks/.exec(this.stdout)?.[1] ?? '';
    this.api = new Api(url, this.apiKey);
    this.locks = new Keypads(cloud, this.api);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and that nobody has asked about is no longer one.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Resolves when none of the processes is alive. @throws when that takes too long */
export async function allGone(pids: readonly number[], withinMs: number): Promise<void> {
  await until(() => !pids.some(isAlive), {
    what: `${pids.join(', ')} are gone`,
    within: withinMs,
    every: 20,
  });
}
