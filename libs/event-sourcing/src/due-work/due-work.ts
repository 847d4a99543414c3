import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff, type Clock, HOUR, type Logger, type Random } from '@latchkey/platform';
import type { DueClaim, DueSource } from './due-source';
import { FairClaims } from './fair-claims';
import { mayPass } from './may-pass';
import { Shares } from './shares';

/** What failed is tried again after this long, doubling from the first to the limit, ms by our clock. */
const RETRY = { first: 5_000, limit: HOUR };
/** Where a store is unavailable, the same for all: the items are not at fault. */
const RETRY_OUTAGE_MS = 5_000;
/** How soon a store that could not be asked is tried again, ms by the wall clock. */
const ASK_AGAIN = { first: 250, limit: 5_000 };
/** What has begun mostly ends within this time, and then the next is asked for anyway; ms by the wall clock. */
const LOOK_SOON_MS = 20;
/** Other processes may leave something: one that died, or one that does not tell us. ms by the wall clock */
const LOOK_EVERY_MS = 15_000;

/** The state of the work, for readiness and metrics. */
export interface DueWorkState {
  readonly running: boolean;
  readonly underWay: number;
  /** How long the first unclaimed item has been due, ms by our clock; 0: none is. */
  readonly overdueMs: number;
  /** How long ago the due items were last read, ms by the wall clock. */
  readonly lookedAgoMs: number;
}

/**
 * Does what is due: claims it in batches, works on many items at a time, and sleeps until the next is due. An item that
 * fails is put off, longer each time, and does not hold up the others.
 */
export class DueWork<C extends DueClaim> {
  readonly shares: Shares;
  private readonly claims: FairClaims<C>;
  /** What is under way, and since when, ms by the wall clock. */
  private readonly underWay = new Map<C, number>();
  private stopping = manyWaitFor();
  private pumping = false;
  private again = false;
  private stopped = true;
  private held = false;
  private failures = 0;
  private next: number | null = null;
  /** The next has fallen due: it is claimed without asking when the first is due. */
  private hasCome = false;
  private lookSoon: NodeJS.Timeout | undefined;
  /** By a monotonic clock, ms; so are the others here that do not come from the work's own clock. */
  private lookedAt = performance.now();
  private cancelTimer: () => void = () => undefined;
  private poll: NodeJS.Timeout | undefined;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly options: {
      /** What the log calls it. */
      readonly name: string;
      readonly source: DueSource<C>;
      /** Does one item and settles it. When it throws, the item is put off. */
      readonly work: (claim: C) => Promise<void>;
      /** How many items at a time; a single workspace gets half of them. */
      readonly places: number;
      readonly clock: Clock;
      readonly random: Random;
      readonly logger: Logger;
    },
  ) {
    this.shares = new Shares(options.places);
    this.claims = new FairClaims(options.source, this.shares);
  }

  start(): void {
    this.stopped = false;
    this.stopping = manyWaitFor();
    this.poll = setInterval(() => this.wake(), LOOK_EVERY_MS).unref();
    this.wake();
  }

  /** Starts nothing more; resolves when what is in progress has ended. */
  async stop(): Promise<void> {
    this.abandon();
    await this.whenIdle();
  }

  /** Starts nothing more and finishes nothing. */
  abandon(): void {
    this.stopped = true;
    this.stopping.abort();
    clearInterval(this.poll);
    this.cancelLookSoon();
    this.cancelTimer();
  }

  /** Nothing is started until `release`: while a shared clock is being set, it is not settled what is due. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    if (this.again || this.isNextDue) this.wakeForNext();
  }

  /** Something may be due. */
  wake(): void {
    this.again = true;
    if (this.stopped || this.held || this.pumping) return;
    this.pumping = true;
    // Everything that wakes it in one turn of the event loop is handled together.
    setImmediate(() => void this.pump());
  }

  /**
   * Something was made due.
   * @param now false: for later; what is under way is followed by a look in any case, and mostly changes that again
   */
  wakeFor(now: boolean): void {
    if (now || this.underWay.size === 0) this.wake();
    else this.wakeSoon();
  }

  private wakeSoon(): void {
    this.lookSoon ??= setTimeout(() => {
      this.lookSoon = undefined;
      this.wake();
    }, LOOK_SOON_MS).unref();
  }

  private cancelLookSoon(): void {
    clearTimeout(this.lookSoon);
    this.lookSoon = undefined;
  }

  private get isNextDue(): boolean {
    return this.next !== null && this.next <= this.options.clock.now();
  }

  private wakeForNext(): void {
    this.hasCome = this.isNextDue;
    this.wake();
  }

  /**
   * Resolves when nothing is being worked on and nothing that was due and could be begun is left.
   * @param patienceMs work that has been under way for this long by the wall clock is not waited for
   */
  async whenIdle(patienceMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      const now = performance.now();
      const youngest = Math.max(...this.underWay.values());
      const left = this.underWay.size === 0 ? 0 : youngest + patienceMs - now;
      if (!this.pumping && left <= 0) return;
      await this.change(left);
    }
  }

  /** When the next piece falls due by itself, ms, as it was when this last became idle; null: never. */
  get nextDue(): number | null {
    return this.next;
  }

  get state(): DueWorkState {
    const overdue = this.next === null ? 0 : this.options.clock.now() - this.next;
    return {
      running: !this.stopped,
      underWay: this.underWay.size,
      overdueMs: Math.max(0, overdue),
      lookedAgoMs: performance.now() - this.lookedAt,
    };
  }

  private async pump(): Promise<void> {
    try {
      while (this.again && !this.stopped && !this.held) {
        this.again = false;
        const claimed = await this.claimDue();
        for (const claim of claimed) this.begin(claim);
        if (claimed.length === 0) continue;
        // What is due later is asked for when one of these has ended, or soon.
        if (this.claims.mayHaveLeft) this.again = true;
        else this.wakeSoon();
      }
      this.sleepUntilDue();
      this.understood();
    } catch (error) {
      this.askAgainSoon(error);
    } finally {
      this.pumping = false;
      this.changed();
      if (this.again) this.wake();
    }
  }

  private async claimDue(): Promise<C[]> {
    const { source, clock } = this.options;
    if (this.hasCome) {
      this.hasCome = false;
      const claimed = await this.claims.next(clock.now());
      if (claimed.length > 0) return claimed;
    }
    this.cancelLookSoon();
    // Reading costs a fraction of claiming, and mostly there is nothing to claim.
    this.next = await source.nextDue();
    this.lookedAt = performance.now();
    if (!this.isNextDue || this.stopped || this.held) return [];
    return this.claims.next(clock.now());
  }

  private sleepUntilDue(): void {
    const { clock } = this.options;
    this.cancelTimer();
    if (this.next !== null && this.next > clock.now() && !this.stopped)
      this.cancelTimer = clock.at(this.next, () => this.wakeForNext());
  }

  private understood(): void {
    if (this.failures > 0) this.options.logger.info(`${this.options.name} can be read again`);
    this.failures = 0;
  }

  private askAgainSoon(error: unknown): void {
    const { name, logger, random } = this.options;
    if (this.failures === 0)
      logger.error({ err: error }, `${name} can not be read; tried again until it can`);
    this.again = false;
    const timer = setTimeout(() => this.wake(), backOff(this.failures++, ASK_AGAIN, random)).unref();
    this.cancelTimer();
    this.cancelTimer = () => clearTimeout(timer);
  }

  private begin(claim: C): void {
    this.underWay.set(claim, performance.now());
    void this.options
      .work(claim)
      .catch((error: unknown) => this.putOff(claim, error))
      .finally(() => {
        this.underWay.delete(claim);
        this.shares.give(claim.workspaceId);
        this.wake();
        this.changed();
      });
  }

  /** One broken item does not hold up the others: it is tried again later, and logged. */
  private async putOff(claim: C, error: unknown): Promise<void> {
    const { clock, logger, random, source } = this.options;
    const { subject, attempts } = claim;
    const pause = mayPass(error) ? RETRY_OUTAGE_MS : backOff(attempts, RETRY, random);
    logger.error(
      { err: error, subject, attempts: attempts + 1, againInMs: pause },
      'could not be worked through; tried again later',
    );
    for (let failures = 0; ; failures++) {
      try {
        return await source.putOff(claim, clock.now() + pause);
      } catch (again) {
        if (failures === 0) logger.error({ err: again, subject }, 'could not be put off');
        const { signal } = this.stopping;
        // When it stops, the rest is left to the end of the lease.
        if (signal.aborted) return;
        await delay(backOff(failures, ASK_AGAIN, random), undefined, { signal, ref: false }).catch(
          () => undefined,
        );
      }
    }
  }

  /** Resolves at the next change, or after `withinMs`. */
  private change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer =
        Number.isFinite(withinMs) && withinMs > 0 ? setTimeout(() => done(), withinMs) : undefined;
      const done = (): void => {
        clearTimeout(timer);
        this.waiters.delete(done);
        resolve();
      };
      this.waiters.add(done);
    });
  }

  private changed(): void {
    for (const done of [...this.waiters]) done();
  }
}

/** All running items may wait for it at once: more listeners than Node's limit for leaks. */
function manyWaitFor(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
