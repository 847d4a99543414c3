import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort, programArguments } from '@latchkey/platform';
import type { AskedOfLocks, MadeLock, SimulatedAbilities } from './lock-messages';

/** Matter locks on loopback, in a process of their own that ends with this one. */
export class SimulatedMatterLocks {
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private nextId = 1;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', ({ id, value, failed }: { id: number; value: unknown; failed?: string }) => {
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (failed === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(failed));
    });
  }

  static async start(folder: string): Promise<SimulatedMatterLocks> {
    const child = spawn(process.execPath, [...programArguments(join(__dirname, 'lock-program')), folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', () => reject(new Error('the simulated Matter locks ended before they began')));
    });
    return new SimulatedMatterLocks(child);
  }

  async make(serial: string, abilities: SimulatedAbilities = {}): Promise<MadeLock> {
    return (await this.ask({ ask: 'make', serial, port: await freePort('udp'), abilities })) as MadeLock;
  }

  async setOnline(serial: string, online: boolean): Promise<void> {
    await this.ask({ ask: 'online', serial, online });
  }

  /** The places in which the lock has users. */
  async users(serial: string): Promise<number[]> {
    return (await this.ask({ ask: 'users', serial })) as number[];
  }

  /** @param at local time at the door as if it were UTC, seconds */
  async opens(serial: string, pin: string, at: number): Promise<boolean> {
    return (await this.ask({ ask: 'opens', serial, pin, at })) as boolean;
  }

  async putByHand(serial: string, slot: number, name: string, pin: string): Promise<void> {
    await this.ask({ ask: 'by-hand', serial, slot, name, pin });
  }

  async clearByHand(serial: string, slot: number): Promise<void> {
    await this.ask({ ask: 'by-hand', serial, slot, name: '', pin: null });
  }

  /** @param code 0: its bolt is stuck; 5: its cover is off; 6: the door was forced open */
  async alarm(serial: string, code: number): Promise<void> {
    await this.ask({ ask: 'alarm', serial, code });
  }

  /** It does the next write, and is offline before it answers. */
  async loseNextAnswer(serial: string, write: 'pin' | 'user' = 'pin'): Promise<void> {
    await this.ask({ ask: 'lose-next', serial, write });
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.connected) this.child.disconnect();
    await exited;
  }

  private ask(asked: AskedOfLocks): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      this.child.send({ id, asked });
    });
  }
}
