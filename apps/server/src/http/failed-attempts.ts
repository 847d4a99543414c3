import { ApiError, MINUTE } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';

/** How many wrong keys in a row cost nothing: somebody may be setting up a client. */
const FREE = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 2_000;
/** Who has that much of waiting ahead already is sent away. */
const LONGEST_QUEUE_MS = 10_000;
const FORGOTTEN_AFTER_MS = 15 * MINUTE;
const MOST_ADDRESSES = 10_000;

/** Who came with a good key lately is known by it, and not slowed down by what others of the same address try. */
const MOST_KNOWN = 10_000;

interface Failures {
  count: number;
  /** When the last of its attempts under way will have been answered, ms. */
  busyUntil: number;
}

/**
 * Slows down clients that keep trying keys: each wrong one from an address is answered later than the one before, and
 * they wait for each other. By the machine's own clock, since the sandbox's can be set at will.
 */
export class FailedAttempts {
  private readonly byAddress = new LRUCache<string, Failures>({ max: MOST_ADDRESSES });
  private readonly waiting = new Map<NodeJS.Timeout, () => void>();
  private readonly known = new LRUCache<string, true>({ max: MOST_KNOWN });

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Notes a failed attempt. @returns when it may be answered
   * @throws ApiError 429 for an address with too many of them under way
   */
  async failed(address: string): Promise<void> {
    const now = this.now();
    const failures = this.recall(address, now);
    failures.count += 1;
    if (failures.count <= FREE) return;
    const start = Math.max(now, failures.busyUntil);
    if (start - now > LONGEST_QUEUE_MS) throw ApiError.tooManyRequests((start - now) / 1000);
    const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures.count - FREE - 1, 10), LONGEST_DELAY_MS);
    failures.busyUntil = start + delay;
    await this.wait(failures.busyUntil - now);
  }

  /**
   * Notes a good key. One that comes for the first time from an address that has been trying keys may be the one that
   * was guessed: it waits as the others do, so that guessing tells nothing sooner. @returns when it may be let in
   * @throws ApiError 429 for an address with too many attempts under way
   */
  async passed(address: string, apiKeyId: string): Promise<void> {
    const who = `${address} ${apiKeyId}`;
    if (this.known.get(who)) return;
    if ((this.remembered(address, this.now())?.count ?? 0) >= FREE) await this.failed(address);
    this.known.set(who, true);
  }

  /** Lets everybody go who waits, so that the server can stop. */
  release(): void {
    for (const [timer, done] of this.waiting) {
      clearTimeout(timer);
      done();
    }
    this.waiting.clear();
  }

  /** What an address has failed at, unless that was long ago. */
  private remembered(address: string, now: number): Failures | undefined {
    const known = this.byAddress.get(address);
    return known && now - known.busyUntil < FORGOTTEN_AFTER_MS ? known : undefined;
  }

  private recall(address: string, now: number): Failures {
    const failures = this.remembered(address, now) ?? { count: 0, busyUntil: now };
    this.byAddress.set(address, failures);
    if (failures.count < FREE) failures.busyUntil = now;
    return failures;
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(timer);
        resolve();
      }, ms);
      this.waiting.set(timer, resolve);
    });
  }
}
