import { MINUTE } from './durations';
import { type Clock } from './clock';
import { DueList } from './due-list';

// Timers count elapsed time, not the wall: after a suspended machine wakes, or the wall clock is corrected, a
// long timer would be late by as much. Checking once a minute bounds that (and setTimeout's 2^31 ms).
const LONGEST_SLEEP = MINUTE;

/** The machine's own clock. Waiting on it does not keep the process alive. */
export class SystemClock implements Clock {
  private readonly due = new DueList();
  private timer: NodeJS.Timeout | undefined;
  private wakesAt = Infinity;

  now(): number {
    return Date.now();
  }

  at(instant: number, callback: () => void): () => void {
    const cancel = this.due.add(instant, callback);
    if (instant < this.wakesAt) this.sleep();
    return cancel;
  }

  private sleep(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wakesAt = this.due.next ?? Infinity;
    if (this.wakesAt === Infinity) return;
    const delay = Math.max(0, Math.min(this.wakesAt - this.now(), LONGEST_SLEEP));
    this.timer = setTimeout(() => this.wake(), delay);
    this.timer.unref();
  }

  private wake(): void {
    this.due.fire(this.now());
    this.sleep();
  }
}
