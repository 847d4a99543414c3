import { type Random, type TcpProxy } from '@latchkey/platform';
import { setTimeout as delay } from 'node:timers/promises';

const FAULTS = ['cut', 'freeze', 'refuse', 'delay', 'halfOpen'] as const;
type Fault = (typeof FAULTS)[number];

/** Pieces are late by so much at most, ms. */
const LATEST = 800;
/** A fault lasts so long at most, and so does the peace between two, ms. */
const LONGEST_FAULT = 6_000;
const LONGEST_PEACE = 3_000;

/** Breaks the connections through some proxies at random, each proxy for itself, and heals them in the end. */
export class RandomFaults {
  /** How often each fault was made. */
  readonly made: Record<Fault, number> = { cut: 0, freeze: 0, refuse: 0, delay: 0, halfOpen: 0 };
  private readonly over = new AbortController();
  private readonly running: Promise<unknown>;

  /** @param random what happens when; the same for the same seed */
  constructor(
    private readonly proxies: readonly TcpProxy[],
    private readonly random: Random,
  ) {
    this.running = Promise.all(proxies.map((proxy) => this.trouble(proxy)));
  }

  /** Heals every connection, for good. */
  async end(): Promise<void> {
    this.over.abort();
    await this.running;
    for (const proxy of this.proxies) proxy.heal();
  }

  private async trouble(proxy: TcpProxy): Promise<void> {
    while (await this.pass(this.random.int(LONGEST_PEACE))) {
      const fault = FAULTS[this.random.int(FAULTS.length)]!;
      this.made[fault]++;
      if (fault === 'delay') proxy.delay(1 + this.random.int(LATEST));
      else proxy[fault]();
      await this.pass(this.random.int(LONGEST_FAULT));
      // What was silent goes on, as a process that was stopped does, or is forgotten, as by a firewall.
      if (fault === 'freeze' && this.random.int(2) === 0) proxy.thaw();
      else proxy.heal();
    }
  }

  /** Real time: the faults are on real sockets. @returns false once it is over */
  private async pass(ms: number): Promise<boolean> {
    await delay(ms, undefined, { signal: this.over.signal }).catch(() => undefined);
    return !this.over.signal.aborted;
  }
}
