import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Compiled } from '../../testing/compiled';
import type { Ran } from './run-latchkey';

/** The command line as a process of its own, as an operator runs it beside a server. */
export class LatchkeyProgram {
  constructor(
    private readonly compiled: Compiled,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  async run(...args: string[]): Promise<Ran> {
    const child = this.spawn(args);
    let [out, complaint] = ['', ''];
    child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
    child.stderr!.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out: out.trimEnd(), complaint: complaint.trimEnd() };
  }

  /** Kills it after this long, ms of real time: at any point of its work. */
  async killedAfter(ms: number, ...args: string[]): Promise<void> {
    const child = this.spawn(args);
    child.stdout!.resume();
    child.stderr!.resume();
    const closed = once(child, 'close');
    await delay(ms);
    child.kill('SIGKILL');
    await closed;
  }

  private spawn(args: readonly string[]): ChildProcess {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...this.compiled.env, ...this.env };
    const program = this.compiled.path('apps/server/src/cli/latchkey.js');
    return spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}
