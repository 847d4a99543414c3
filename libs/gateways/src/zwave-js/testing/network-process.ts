import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LockTraits } from './simulated-lock';

/** As it is while it is written, and as it is when it was compiled. */
const MAIN = ['network-main.ts', 'network-main.js'].map((name) => join(__dirname, name)).find(existsSync)!;

interface Reply {
  readonly address?: string;
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A Z-Wave network in a process of its own: the real driver and server, on a mock stick with simulated locks. */
export class NetworkProcess {
  private readonly waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (e: Error) => void }
  >();
  private lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    /** Where its server is reached. */
    readonly address: string,
    private traits: readonly LockTraits[],
  ) {
    child.on('message', (message) => this.take(message as Reply));
    child.on('exit', () => this.fail('the network has ended'));
  }

  /** Starts in some ten seconds. */
  static async start(traits: readonly LockTraits[]): Promise<NetworkProcess> {
    const typescript = join(__dirname, '../../../../../scripts/typescript.cjs');
    const execArgv = MAIN.endsWith('.ts') ? ['--require', typescript] : [];
    const child = fork(MAIN, [JSON.stringify(traits)], {
      execArgv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const address = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve((message as Reply).address!));
      child.once('exit', (code) => reject(new Error(`the network did not start (${code})`)));
    });
    return new NetworkProcess(child, address, traits);
  }

  lock(nodeId: number): RemoteLock {
    const traits = this.traits.find((each) => each.nodeId === nodeId);
    if (!traits) throw new Error(`there is no node ${nodeId}`);
    return new RemoteLock(traits, (method, args) => this.ask(nodeId, method, args));
  }

  /** The server ends, as when its machine restarts. */
  async stopServer(): Promise<void> {
    await this.ask(null, 'stopServer', []);
  }

  /** It comes back at the same address. */
  async startAgain(): Promise<void> {
    await this.ask(null, 'startAgain', []);
  }

  /** The driver asks a node anew what it is and can do. */
  async interviewAnew(nodeId: number): Promise<void> {
    await this.ask(null, 'interviewAnew', [nodeId]);
  }

  /** A lock is taken out of the network. */
  async exclude(nodeId: number): Promise<void> {
    await this.ask(null, 'exclude', [nodeId]);
    this.traits = this.traits.filter((each) => each.nodeId !== nodeId);
  }

  /** A lock is taken into the network. */
  async include(traits: LockTraits): Promise<void> {
    await this.ask(null, 'include', [traits]);
    this.traits = [...this.traits, traits];
  }

  /** All that the server has logged. */
  async log(): Promise<readonly string[]> {
    return (await this.ask(null, 'log', [])) as string[];
  }

  close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    return ended;
  }

  private ask(node: number | null, method: string, args: readonly unknown[]): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, node, method, args });
    });
  }

  private take({ id, value, error }: Reply): void {
    const asked = id === undefined ? undefined : this.waiting.get(id);
    if (!asked) return;
    this.waiting.delete(id!);
    if (error === undefined) asked.resolve(value);
    else asked.reject(new Error(error));
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
  }
}

/** A simulated lock in that process, and somebody who stands before it. */
export class RemoteLock {
  constructor(
    readonly traits: LockTraits,
    private readonly ask: (method: string, args: readonly unknown[]) => Promise<unknown>,
  ) {}

  opens = (pin: string, at: number, zone: string) => this.ask('opens', [pin, at, zone]) as Promise<boolean>;
  /** Types a code at the keypad. */
  type = (pin: string, at: number, zone: string) => this.ask('type', [pin, at, zone]) as Promise<boolean>;
  codes = () => this.ask('codes', []) as Promise<Record<number, string>>;
  putByHand = (slot: number, pin: string) => this.ask('putByHand', [slot, pin]);
  removeByHand = (slot: number) => this.ask('removeByHand', [slot]);
  forgetSchedules = () => this.ask('forgetSchedules', []);
  reset = () => this.ask('reset', []);
  replace = () => this.ask('replace', []);
  /** @param type left out: access control */
  notify = (event: number, userId: number | null = null, type = 6) =>
    this.ask('notify', [event, userId, type]);
  setAirTime = (ms: number) => this.ask('setAirTime', [ms]);
  setDead = (dead: boolean) => this.ask('setDead', [dead]);
  loseNextAnswer = () => this.ask('loseNextAnswer', []);
  heal = () => this.ask('heal', []);
  /** How many writes of codes came to it, and how many frames of any kind. */
  writes = () => this.ask('writes', []) as Promise<number>;
  frames = () => this.ask('frames', []) as Promise<number>;
}
