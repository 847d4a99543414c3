import { freePort, pinsIn, until } from '@latchkey/platform';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { latchkey } from '../cli/latchkey';
import { Api } from './api';
import { compile, type Compiled } from './compiled';
import { connectLocally } from './connect-locally';
import { ServerProcess } from './server-process';

/** Draws a whole number from 0 on, below the given one. */
export type Draw = (below: number) => number;

/** Numbers that a seed gives again (mulberry32). */
export function drawn(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export interface ListedCode {
  readonly access_code_id: string;
  readonly code: string;
  readonly status: string;
}

/** What can be killed: it is away for so long, ms, and back when the promise resolves. */
export type Kill = (away: number) => Promise<void>;

/** One real lock on a system of its own, and a server for it that is killed while codes come and go. */
export class KilledHouse {
  /** Every PIN that was ever given to a code. */
  readonly pins: string[] = [];
  server!: ServerProcess;
  private api!: Api;
  private deviceId = '';
  private ended = '';

  private constructor(
    private readonly dataDir: string,
    private readonly compiled: Compiled,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /**
   * Starts the server and connects the system.
   * @param entry of the file of lock systems
   * @param given what the page asks for
   */
  static async start(
    entry: { readonly name: string } & Readonly<Record<string, unknown>>,
    given: Readonly<Record<string, string>> = {},
  ): Promise<KilledHouse> {
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-killed-'));
    const file = join(dataDir, 'systems.json');
    writeFileSync(file, JSON.stringify([entry]));
    const house = new KilledHouse(dataDir, compile(), {
      ...{ SANDBOX: 'false', DATA_DIR: dataDir, LOCK_MAKERS_FILE: file, LOG_LEVEL: 'debug' },
      ...{ PORT: String(await freePort()), EVENTSTORE_PORT: String(await freePort()) },
      ...{ RETRY_FIRST: 'PT1S', RETRY_LIMIT: 'PT4S', COMMAND_DEADLINE: 'PT5S' },
    });
    await house.open(entry.name, given);
    return house;
  }

  /** `kill -9`, and a start on what was left. */
  readonly killServer: Kill = async () => {
    await this.endServer();
    this.server = await ServerProcess.start(this.compiled, this.env);
  };

  /** All that it has said so far. */
  get said(): string {
    return this.ended + this.server.said;
  }

  async codes(): Promise<ListedCode[]> {
    const of = { device_id: this.deviceId };
    return (await this.api.ask<{ access_codes: ListedCode[] }>('/access_codes/list', of)).access_codes;
  }

  /**
   * Lets codes come and go for a while, and kills one thing after another meanwhile: in real time, as processes are
   * killed at any point of their work. @returns how often each was killed
   */
  async play(seed: number, forMs: number, kills: readonly Kill[]): Promise<number[]> {
    const draw = drawn(seed);
    const ends = Date.now() + forMs;
    const times = kills.map(() => 0);
    const killing = (async () => {
      const fate = drawn(seed + 1);
      // Each at least once.
      for (let n = 0; Date.now() < ends || n < kills.length; n++) {
        await pause(800 + fate(1_500));
        const which = n < kills.length ? n : fate(kills.length);
        times[which]!++;
        await kills[which]!(200 + fate(1_500));
      }
    })();
    // On a slow machine the server may be away for most of the time.
    while (Date.now() < ends || this.pins.length < 6) {
      await this.ask(draw).catch(() => undefined);
      await pause(150 + draw(400));
    }
    await killing;
    return times;
  }

  /** The codes, once every one is set. @param isDone whether the lock holds them, too */
  settled(isDone: (codes: readonly ListedCode[]) => Promise<boolean>): Promise<readonly ListedCode[]> {
    const looked = async () => {
      const all = await this.codes();
      return all.every(({ status }) => status === 'set') && (await isDone(all)) && all;
    };
    return until(looked, {
      what: 'every code is set, and nothing else on the lock',
      within: 120_000,
      every: 300,
    });
  }

  /** The PINs that it has logged. */
  logged(): string[] {
    return pinsIn(this.said, ...this.pins);
  }

  async close(): Promise<void> {
    await this.endServer();
    this.compiled.remove();
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 10 });
  }

  private async open(system: string, given: Readonly<Record<string, string>>): Promise<void> {
    const lines: string[] = [];
    const made = ['api-keys', 'make', '--name', 'test', '--new-workspace', 'House'];
    const keep = (line: string) => void lines.push(line);
    await latchkey(made, { ...process.env, ...this.env }, keep, keep);
    const key = /seam_\w+/.exec(lines.join('\n'))![0];
    this.server = await ServerProcess.start(this.compiled, this.env);
    this.api = new Api(`http://127.0.0.1:${this.env['PORT']}`, key);
    await connectLocally(this.api, system, given);
    this.deviceId = (await this.api.devices())[0]!.device_id;
  }

  /** One thing that a client does; where the server is away, it is not done. */
  private async ask(draw: Draw): Promise<void> {
    const there = await this.codes();
    const one = there[draw(Math.max(1, there.length))];
    const choice = draw(4);
    if (!one || (choice < 2 && there.length < 5))
      await this.api.create({ device_id: this.deviceId, code: this.pin(draw) });
    else if (choice === 2) await this.api.update(one.access_code_id, { code: this.pin(draw) });
    else await this.api.delete(one.access_code_id);
  }

  private pin(draw: Draw): string {
    const pin = String(100_000 + this.pins.length * 7_919 + draw(5_000));
    this.pins.push(pin);
    return pin;
  }

  private async endServer(): Promise<void> {
    const { stdout, stderr } = await this.server.end('SIGKILL');
    this.ended += stdout + stderr;
  }
}
