import { DAY } from './durations';
const TICK_MS = 1_000;
/** Two readings may differ by this on a busy machine, or while its clock is being slewed. */
const TOLERANCE_MS = 2_000;
/** A step forward that nothing contradicts for this long is right: as after a machine's sleep. */
const UNDISPUTED_MS = 120_000;

export interface ClockWatchOptions {
  /** The machine's clock, ms since the epoch; it may be set at any time. */
  readonly wall?: () => number;
  /** A monotonic clock, ms from any instant. */
  readonly monotonic?: () => number;
  /** What the wall clock read when it was last known to be right, ms: it may have been put back since. */
  readonly lastRead?: number;
}

/**
 * Notices when the machine's clock is set, by comparing it with a monotonic one. It can't know which of the two is
 * right: until that is known, the time is taken to be the later of the two.
 */
export class ClockWatch {
  private readonly wall: () => number;
  private readonly monotonic: () => number;
  private readonly listeners: ((by: number) => void)[] = [];
  /** The wall clock's reading less the monotonic one's, while all is well. */
  private base: number;
  private jumped = 0;
  private jumpedAt = 0;
  private disputed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor({ wall = Date.now, monotonic = () => performance.now(), lastRead }: ClockWatchOptions = {}) {
    this.wall = wall;
    this.monotonic = monotonic;
    this.base = wall() - monotonic();
    const back = lastRead === undefined ? 0 : wall() - lastRead;
    // Further back than a day, it is likelier that it was ahead then.
    if (back < -TOLERANCE_MS && back > -DAY) {
      this.jumped = back;
      this.base -= back;
    }
  }

  /** By how much the clock was set since it was last known to be right, ms; negative: back. */
  get offset(): number {
    this.look();
    return this.jumped;
  }

  /** The latest instant that it can be, ms: the clock's reading, or later where it was set back. */
  latest(): number {
    return this.wall() - Math.min(0, this.offset);
  }

  /** Between which instants it is, ms: what the clock reads, and what it would read had it not been set. */
  bounds(): { earliest: number; latest: number } {
    const wall = this.wall();
    const other = wall - this.offset;
    return { earliest: Math.min(wall, other), latest: Math.max(wall, other) };
  }

  /** The clock is wrong now, and stays in doubt until it is found right or is set again. */
  doubt(): void {
    this.disputed = true;
  }

  /** The clock is right as it is now. */
  believe(): void {
    this.look();
    this.takeForRight();
  }

  /** Calls back whenever the clock was set, with by how much, ms; 0 when it has turned out to be right. */
  onJump(listener: (by: number) => void): void {
    this.listeners.push(listener);
  }

  start(): void {
    this.timer = setInterval(() => this.look(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const passed = this.monotonic();
    const by = this.wall() - passed - this.base - this.jumped;
    if (Math.abs(by) <= TOLERANCE_MS) {
      this.base += by;
      if (this.jumped > 0 && !this.disputed && passed - this.jumpedAt > UNDISPUTED_MS) this.takeForRight();
      return;
    }
    this.jumped += by;
    this.jumpedAt = passed;
    this.disputed = false;
    if (Math.abs(this.jumped) <= TOLERANCE_MS) {
      this.base += this.jumped;
      this.jumped = 0;
    }
    this.tell(by);
  }

  private takeForRight(): void {
    if (this.jumped === 0) return;
    this.base += this.jumped;
    this.jumped = 0;
    this.tell(0);
  }

  private tell(by: number): void {
    for (const listener of this.listeners) listener(by);
  }
}
