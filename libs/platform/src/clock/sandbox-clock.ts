import { type Clock } from './clock';
import { DueList } from './due-list';
import { SystemClock } from './system-clock';
import { iso } from './instant';

/**
 * What must be kept so that a later process can go on with the clock: it read `now` when the wall clock read `wall`
 * (both ms since the epoch), and has been running on, or standing still, from there.
 */
export interface SandboxClockState {
  now: number;
  wall: number;
  running: boolean;
}

/** The reading of a clock that was left in `state`, when the wall clock reads `wall` (ms). Never below state.now. */
export function readingOf(state: SandboxClockState, wall: number): number {
  return state.running ? state.now + Math.max(0, wall - state.wall) : state.now;
}

/**
 * A clock that can be set forward: it runs at real speed from where it was last set, or stands still.
 * It never goes back, even if the wall clock does.
 */
export class SandboxClock implements Clock {
  private readonly due = new DueList();
  private readonly wall: Clock;
  private readonly persist: (state: SandboxClockState) => void;
  private state: SandboxClockState;
  private latest: number;
  private cancelWake: () => void = () => {};
  private cancelDrain: () => void = () => {};

  /**
   * @param options.now where it starts, ms since the epoch
   * @param options.running at real speed, or standing still
   * @param options.persist called with what to keep, at once and whenever the clock is set, stopped or resumed
   * @param options.wall the clock that it runs with; by default the machine's
   */
  constructor(options: {
    now: number;
    running: boolean;
    persist?: (state: SandboxClockState) => void;
    wall?: Clock;
  }) {
    this.wall = options.wall ?? new SystemClock();
    this.persist = options.persist ?? (() => {});
    this.latest = checked(options.now);
    this.state = { now: options.now, wall: this.wall.now(), running: options.running };
    this.persist({ ...this.state });
  }

  now(): number {
    this.latest = Math.max(this.latest, readingOf(this.state, this.wall.now()));
    return this.latest;
  }

  /** Whether it moves on with the wall clock. */
  get running(): boolean {
    return this.state.running;
  }

  at(instant: number, callback: () => void): () => void {
    const cancel = this.due.add(instant, callback);
    this.arrange();
    return cancel;
  }

  /**
   * Sets the clock forward to `instant` (ms) and calls, before it returns, everything that has become due, in
   * the order of the instants. `running` also says whether it moves on from there; left out, that stays as it is.
   * @throws RangeError if the clock already reads a later instant; nothing has changed then.
   */
  set(instant: number, running = this.state.running): void {
    const now = this.now();
    if (checked(instant) < now) {
      throw new RangeError(`The clock reads ${iso(now)} and can't go back to ${iso(instant)}.`);
    }
    this.anchor(instant, running);
    this.due.fire(this.now());
    this.arrange();
  }

  /** Freezes the clock at its present reading. */
  stop(): void {
    if (!this.state.running) return;
    this.anchor(this.now(), false);
    this.arrange();
  }

  /** Lets the clock run on from its present reading. */
  resume(): void {
    if (this.state.running) return;
    this.anchor(this.now(), true);
    this.arrange();
  }

  private anchor(now: number, running: boolean): void {
    this.latest = now;
    this.state = { now, wall: this.wall.now(), running };
    this.persist({ ...this.state });
  }

  /** Has what is due called soon, and a running clock wake up when the next is due. */
  private arrange(): void {
    this.cancelWake();
    this.cancelWake = () => {};
    const next = this.due.next;
    if (next === undefined) return;
    const missing = next - this.now();
    if (missing <= 0) this.drainSoon();
    else if (this.state.running) this.cancelWake = this.wall.at(this.wall.now() + missing, () => this.wake());
  }

  private drainSoon(): void {
    this.cancelDrain();
    const drain = setImmediate(() => this.wake()).unref();
    this.cancelDrain = () => clearImmediate(drain);
  }

  private wake(): void {
    this.due.fire(this.now());
    this.arrange();
  }
}

function checked(instant: number): number {
  // A Date holds no more.
  if (!Number.isInteger(instant) || Math.abs(instant) > 8.64e15)
    throw new RangeError(`A clock can't be set to ${instant}.`);
  return instant;
}
