import { Mutex } from 'async-mutex';
import type { SimulatedClock } from './clock';
import { isStorageFault } from './database';
import type { Deliveries } from './deliveries';
import { invalidRequest } from './errors';
import type { Operations } from './operations';

/** setTimeout's longest wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Two running clocks never agree to the millisecond: a running clock may be set back by less than this. */
const LEEWAY_MS = 1000;
/** What could not be written is tried again after this long, ms. */
const TRY_AGAIN_MS = 1000;

export interface ClockReading {
  now: number;
  running: boolean;
  next_due_at: number | null;
  activity: number;
  idle: boolean;
}

/** Plays what is due, in order: by timers while the clock runs, step by step when somebody sets the clock forward. */
export class Player {
  private timer: NodeJS.Timeout | undefined;
  private woken = false;
  private failing = false;
  private open = true;
  private waiting: (() => void)[] = [];
  private readonly advancing = new Mutex();

  constructor(
    private readonly clock: SimulatedClock,
    private readonly operations: Operations,
    private readonly deliveries: Deliveries,
  ) {
    deliveries.onSettled = () => {
      this.turnOrLater();
      for (const resume of this.waiting.splice(0)) resume();
    };
  }

  /** Plays what is due as soon as the caller, and the answer it is about to give, are done. */
  wake(): void {
    if (this.woken || !this.open) return;
    this.woken = true;
    setImmediate(() => {
      this.woken = false;
      this.turnOrLater();
    });
  }

  read(): ClockReading {
    const now = this.clock.now();
    const nextDue = this.nextDue();
    return {
      now,
      running: this.clock.running,
      next_due_at: nextDue,
      activity: this.clock.activity,
      idle: this.deliveries.inFlight === 0 && (nextDue === null || nextDue > now),
    };
  }

  /**
   * Puts the clock on to `target` (ms; null: where it is), stopping at every instant at which something is
   * due, until nothing is due any more and no delivery is in flight. Calls take their turns.
   */
  advance(target: number | null, running: boolean): Promise<ClockReading> {
    return this.advancing.runExclusive(() => this.playTo(target, running));
  }

  /**
   * Who asks says what time it is: a clock that stands is put there, unless there is something to play before, which
   * is for `advance`.
   */
  follow(instant: number): void {
    const isInstant = Number.isInteger(instant) && !Number.isNaN(new Date(instant).getTime());
    if (this.clock.running || !isInstant || instant <= this.clock.now() || this.deliveries.inFlight > 0)
      return;
    const next = this.nextDue();
    if (next === null || next > instant) this.clock.put(instant, false);
  }

  close(): void {
    this.open = false;
    clearTimeout(this.timer);
    for (const resume of this.waiting.splice(0)) resume();
  }

  private async playTo(wanted: number | null, running: boolean): Promise<ClockReading> {
    const now = this.clock.now();
    const target = wanted ?? now;
    const earliest = this.clock.running ? now - LEEWAY_MS : now;
    if (target < earliest) throw invalidRequest('The clock does not go back.');
    if (this.clock.running) this.clock.put(Math.min(now, target), false);
    while (this.open) {
      this.turn();
      if (this.deliveries.inFlight > 0) {
        await new Promise<void>((resume) => this.waiting.push(resume));
        continue;
      }
      const next = this.nextDue();
      if (next === null || next > target) break;
      if (next > this.clock.now()) this.clock.put(next, false);
    }
    if (this.open) {
      this.clock.put(target, running);
      this.clock.save();
      this.arm();
    }
    return this.read();
  }

  private nextDue(): number | null {
    const operation = this.operations.nextDue();
    const delivery = this.deliveries.nextDue();
    if (operation === null || delivery === null) return operation ?? delivery;
    return Math.min(operation, delivery);
  }

  /** Performs and sends what is due by now. */
  private turn(): void {
    if (!this.open) return;
    const now = this.clock.now();
    this.operations.performDue(now);
    this.deliveries.launchDue(now);
    this.arm();
  }

  /** A turn that nobody waits for: a disk that is full must not end the cloud. */
  private turnOrLater(): void {
    try {
      this.turn();
    } catch (error) {
      if (!isStorageFault(error)) throw error;
      if (!this.failing) console.error(`lock-cloud: ${String(error)}; tried again until it can be written`);
      this.failing = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.turnOrLater(), TRY_AGAIN_MS);
      return;
    }
    this.failing = false;
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (!this.clock.running) return;
    const next = this.nextDue();
    if (next === null) return;
    const wait = Math.min(Math.max(0, next - this.clock.now()), MAX_TIMER_MS);
    this.timer = setTimeout(() => this.turnOrLater(), wait);
  }
}
