import { ApiError } from '@latchkey/platform';

const MINUTE = 60_000;
/** Whoever was quiet longest is forgotten first. */
const MOST_KEYS = 10_000;

interface Taken {
  /** When each of the last so many were taken, ms; the oldest at `next`. */
  readonly at: Float64Array;
  next: number;
}

/**
 * So many a minute of each key, in whatever minute one looks at. By the machine's own clock, since clients wait
 * by theirs. Each instance of the server counts for itself.
 */
export class RateLimit {
  private readonly byKey = new Map<string, Taken>();

  /** @param perMinute 0: no limit */
  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isOn(): boolean {
    return this.perMinute > 0;
  }

  /** @throws ApiError 429 with Retry-After, and then takes nothing */
  take(key: string): void {
    if (!this.isOn) return;
    const now = this.now();
    const taken = this.recall(key);
    const wait = taken.at[taken.next]! + MINUTE - now;
    if (wait > 0) throw ApiError.tooManyRequests(wait / 1000);
    taken.at[taken.next] = now;
    taken.next = (taken.next + 1) % this.perMinute;
  }

  private recall(key: string): Taken {
    const taken = this.byKey.get(key) ?? {
      at: new Float64Array(this.perMinute).fill(-Infinity),
      next: 0,
    };
    this.byKey.delete(key);
    this.byKey.set(key, taken);
    if (this.byKey.size > MOST_KEYS) this.byKey.delete(this.byKey.keys().next().value!);
    return taken;
  }
}

/** What is limited on each device: as on Seam, a lock can't do it faster. */
export class DeviceLimits {
  readonly create: RateLimit;
  readonly update: RateLimit;
  readonly delete: RateLimit;
  readonly operate: RateLimit;

  /** Requests a minute; 0: no limit. */
  constructor(perMinute: { create: number; update: number; delete: number; operate: number }) {
    this.create = new RateLimit(perMinute.create);
    this.update = new RateLimit(perMinute.update);
    this.delete = new RateLimit(perMinute.delete);
    this.operate = new RateLimit(perMinute.operate);
  }
}
