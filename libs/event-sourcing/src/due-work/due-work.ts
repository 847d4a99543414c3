import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff, type Clock, HOUR, type Logger, type Random } from '@latchkey/platform';
import type { DueClaim, DueSource } from './due-source';
import { FairClaims } from './fair-claims';
import { mayPass } from './may-pass';
import { Shares } from './shares';

/** What failed is tried again after so long, doubling from the first to the limit, ms by our clock. */
const RETRY = { first: 5_000, limit: HOUR };
/** Where a store is away, the same for all: they are not the fault of what was due. */
const RETRY_OUTAGE_MS = 5_000;
/** How soon a store that could not be asked is asked again, ms by the wall. */
const ASK_AGAIN = { first: 250, limit: 5_000 };
/** Other processes may leave something: one that died, or one that does not tell us. ms by the wall */
const LOOK_EVERY_MS = 15_000;

/** How the work goes on, for whoever watches over it. */
export interface DueWorkState {
  readonly running: boolean;
  readonly underWay: number;
  /** How long the first of what nobody works on has been due, ms by our clock; 0: nothing is. */
  readonly overdueMs: number;
  /** How long ago it was last known what is due, ms by the wall. */
  readonly lookedAgoMs: number;
}

/**
 * Does what falls due: claims it in batches, works on many pieces at a time, sleeps until the next falls due. One
 * that fails is put off, longer each time, and holds up no other.
 */
export class DueWork<C extends DueClaim> {
  readonly shares: Shares;
  private readonly claims: FairClaims<C>;
  /** What is under way, and since when, ms by the wall. */
  private readonly underWay = new Map<C, number>();
  private stopping = manyWaitFor();
  private pumping = false;
  private again = false;
  private stopped = true;
  private held = false;
  private failures = 0;
  private next: number | null = null;
  /** By the clock that nobody puts, ms; so are the others here that do not come from the work's own clock. */
  private lookedAt = performance.now();
  private cancelTimer: () => void = () => undefined;
  private poll: NodeJS.Timeout | undefined;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly options: {
      /** What the log calls it. */
      readonly name: string;
      readonly source: DueSource<C>;
      /** Does one piece of work and settles it. What it throws puts the piece off. */
      readonly work: (claim: C) => Promise<void>;
      /** So many pieces at a time; a single workspace gets half of them. */
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

  /** Begins nothing more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.abandon();
    await this.whenIdle();
  }

  /** Begins nothing more and finishes nothing. */
  abandon(): void {
    this.stopped = true;
    this.stopping.abort();
    clearInterval(this.poll);
    this.cancelTimer();
  }

  /** Nothing is begun until `release`: while a clock that others share is being put, what is due is not settled. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    if (this.again || (this.next !== null && this.next <= this.options.clock.now())) this.wake();
  }

  /** Something may be due. */
  wake(): void {
    this.again = true;
    if (this.stopped || this.held || this.pumping) return;
    this.pumping = true;
    // All that wakes it in one turn of the event loop is looked at together.
    setImmediate(() => void this.pump());
  }

  /**
   * Resolves when nothing is being worked on and nothing that was due and could be begun is left.
   * @param patienceMs work that has been under way for so long by the wall is not waited for
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
        if (claimed.length > 0) this.again = true;
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
    // Looking costs a fraction of what claiming does, and mostly there is nothing to claim.
    this.next = await source.nextDue();
    this.lookedAt = performance.now();
    if (this.next === null || this.next > clock.now() || this.stopped || this.held) return [];
    return this.claims.next(clock.now());
  }

  private sleepUntilDue(): void {
    const { clock } = this.options;
    this.cancelTimer();
    if (this.next !== null && this.next > clock.now() && !this.stopped)
      this.cancelTimer = clock.at(this.next, () => this.wake());
  }

  private understood(): void {
    if (this.failures > 0) this.options.logger.info(`${this.options.name} can be read again`);
    this.failures = 0;
  }

  private askAgainSoon(error: unknown): void {
    const { name, logger, random } = this.options;
    if (this.failures === 0)
      logger.error({ err: error }, `${name} can not be read; asked again until it can`);
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

  /** One broken piece of work holds up no other: it is looked at again later, and told of. */
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
        // Whoever stops leaves the rest to the end of the lease.
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

/** All that is at work may wait for it at once: more listeners than Node takes for a leak. */
function manyWaitFor(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
