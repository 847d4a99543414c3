import { ApiError } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** A window in which a key may take so many, s. It begins with the first that is taken. */
export const WINDOW_S = 60;
/** Of a large limit so many parts are taken from a shared counter at a time: a request in a hundred asks for it. */
const PARTS = 100;
/** Of so many keys what was taken ahead is kept; made-up keys push each other out. */
const KEYS_AHEAD = 10_000;

/** Makes the counter of a limit: of this process, or one that all instances share. */
export type Counters = (name: string, perMinute: number) => RateLimiterAbstract;

/** Counters of this process alone. */
export const ownCounters: Counters = (name, perMinute) =>
  new RateLimiterMemory({ keyPrefix: name, points: perMinute, duration: WINDOW_S });

interface Taken {
  /** Taken from the counter and not used yet. */
  left: number;
  /** When what is left is worth nothing any more, ms by the machine's clock. */
  until: number;
}

/** So many a minute of each key. By the machine's own clock, since clients wait by theirs. */
export class RateLimit {
  private readonly counter: RateLimiterAbstract | undefined;
  private readonly part: number;
  private readonly ahead = new LRUCache<string, Taken>({ max: KEYS_AHEAD });
  private readonly taking = new Map<string, Promise<void>>();

  /**
   * @param name tells it from other limits, in every instance the same
   * @param perMinute 0: no limit
   */
  constructor(name: string, perMinute: number, counters: Counters = ownCounters) {
    this.counter = perMinute > 0 ? counters(name, perMinute) : undefined;
    this.part = Math.max(1, Math.floor(perMinute / PARTS));
  }

  get isOn(): boolean {
    return this.counter !== undefined;
  }

  /** @throws ApiError 429 with Retry-After, and then takes nothing */
  async take(key: string): Promise<void> {
    if (!this.counter) return;
    if (this.part === 1) {
      await this.consume(this.counter, key);
      return;
    }
    while (!this.useAhead(key)) {
      const other = this.taking.get(key);
      if (!other) return this.takePart(this.counter, key);
      // A part taken by each of many that ask at the same time would be lost but for one.
      await other.catch(() => undefined);
    }
  }

  private useAhead(key: string): boolean {
    const ahead = this.ahead.get(key);
    if (!ahead || ahead.left === 0 || ahead.until <= Date.now()) return false;
    ahead.left--;
    return true;
  }

  /** Takes a part, of which one is used at once. */
  private async takePart(counter: RateLimiterAbstract, key: string): Promise<void> {
    const taking = this.consume(counter, key).then((msBeforeNext) => {
      this.ahead.set(key, { left: this.part - 1, until: Date.now() + msBeforeNext });
    });
    this.taking.set(key, taking);
    try {
      await taking;
    } finally {
      this.taking.delete(key);
    }
  }

  /** @returns when the window ends, ms from now */
  private async consume(counter: RateLimiterAbstract, key: string): Promise<number> {
    try {
      return (await counter.consume(key, this.part)).msBeforeNext;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw ApiError.tooManyRequests(Math.max(refusal.msBeforeNext, 1) / 1000);
    }
  }
}
