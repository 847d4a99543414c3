import { ApiError } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** The window in which requests of a key are counted, s. It begins with the first one. */
export const WINDOW_S = 60;
/** A large limit is taken from a shared counter in this many parts: one request in a hundred reads the counter. */
const PARTS = 100;
/** For how many keys the part taken ahead is kept; made-up keys push each other out. */
const KEYS_AHEAD = 10_000;

/** Makes the counter of a limit: of this process, or one that all instances share. */
export type Counters = (name: string, perMinute: number) => RateLimiterAbstract;

/** Counters of this process only. */
export const ownCounters: Counters = (name, perMinute) =>
  new RateLimiterMemory({ keyPrefix: name, points: perMinute, duration: WINDOW_S });

interface Taken {
  /** Taken from the counter and not used yet. */
  left: number;
  /** When the rest of it expires, ms by the machine's clock. */
  until: number;
}

/** A limit per minute for each key. By the machine's own clock, since clients wait by theirs. */
export class RateLimit {
  private readonly counter: RateLimiterAbstract | undefined;
  private readonly part: number;
  private readonly ahead = new LRUCache<string, Taken>({ max: KEYS_AHEAD });
  private readonly taking = new Map<string, Promise<void>>();

  /**
   * @param name unique among the limits, and the same in every instance
   * @param perMinute 0: no limit
   */
  constructor(name: string, perMinute: number, counters: Counters = ownCounters) {
    this.counter = perMinute > 0 ? counters(name, perMinute) : undefined;
    this.part = Math.max(1, Math.floor(perMinute / PARTS));
  }

  get isOn(): boolean {
    return this.counter !== undefined;
  }

  /**
   * @returns undefined where it was taken at once
   * @throws ApiError 429 with Retry-After; then nothing is counted
   */
  take(key: string): Promise<void> | undefined {
    if (!this.counter || (this.part > 1 && this.useAhead(key))) return undefined;
    return this.takeFrom(this.counter, key);
  }

  private async takeFrom(counter: RateLimiterAbstract, key: string): Promise<void> {
    if (this.part === 1) {
      await this.consume(counter, key);
      return;
    }
    while (!this.useAhead(key)) {
      const other = this.taking.get(key);
      if (!other) return this.takePart(counter, key);
      // If many requests at the same time each took a part, all but one of the parts would be lost.
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
