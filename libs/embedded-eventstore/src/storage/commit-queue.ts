import { type EventLog } from './event-log';

interface Pending {
  readonly work: () => unknown;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Turns of the loop, at most, that a group is gathered over: while one is written the next one gathers by itself. */
const MOST_TURNS = 2;

/**
 * Group commit: whatever arrives while the loop is busy is written in one transaction, with one fsync, and answered
 * once that is on the disk. Work is decided in the order it came. A writer who has been alone is written for at once.
 */
export class CommitQueue {
  private pending: Pending[] = [];
  private scheduled = false;
  private idle: (() => void)[] = [];
  /** Work in the last transaction; at first nobody is known to be alone. */
  private lastGroup = 2;
  /** Something was written at once in this turn of the loop. */
  private wroteAtOnce = false;
  private committing = false;

  constructor(
    private readonly log: EventLog,
    private readonly maxBytes = 8 * 1024 * 1024,
    private readonly maxWork = 1000,
  ) {}

  /**
   * @param work runs synchronously inside the transaction, and again in one of its own should the group fail, so it
   * must change nothing but the log; what it throws undoes what it appended
   * @param bytes roughly what it will write
   */
  submit<T>(work: () => T, bytes = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const pending = { work, bytes, resolve: resolve as (value: unknown) => void, reject };
      if (this.lastGroup <= 1 && !this.scheduled && !this.wroteAtOnce && !this.committing) {
        this.writeAtOnce(pending);
        return;
      }
      // It comes in the same turn as another: the first writer is no longer alone.
      if (this.wroteAtOnce) this.lastGroup = 2;
      this.pending.push(pending);
      this.schedule();
    });
  }

  /** Resolves when everything submitted so far is on the disk or refused. */
  drained(): Promise<void> {
    if (this.pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private writeAtOnce(pending: Pending): void {
    this.wroteAtOnce = true;
    setImmediate(() => (this.wroteAtOnce = false));
    this.commit([pending]);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.gather(0, 0));
  }

  /**
   * Requests that came together are taken in over several turns of the loop. So as long as each turn brings more, it
   * waits for the next; a writer who is alone does not wait.
   */
  private gather(seen: number, turns: number): void {
    const { length } = this.pending;
    const isAlone = length === 1 && this.lastGroup <= 1;
    if (!isAlone && length > seen && length < this.maxWork && turns < MOST_TURNS) {
      setImmediate(() => this.gather(length, turns + 1));
      return;
    }
    this.scheduled = false;
    const group = this.takeGroup();
    this.lastGroup = group.length;
    this.commit(group);
    if (this.pending.length > 0) this.schedule();
    else for (const resolve of this.idle.splice(0)) resolve();
  }

  private takeGroup(): Pending[] {
    let bytes = 0;
    let count = 0;
    for (const { bytes: size } of this.pending) {
      if (count > 0 && (bytes + size > this.maxBytes || count >= this.maxWork)) break;
      bytes += size;
      count += 1;
    }
    return this.pending.splice(0, count);
  }

  private commit(group: readonly Pending[]): void {
    if (group.length === 0) return;
    this.committing = true;
    try {
      const results = this.log.transact(() => group.map(({ work }) => work()));
      group.forEach(({ resolve }, index) => resolve(results[index]));
    } catch (error) {
      // One of them cannot be written: the others must not pay for it.
      if (group.length > 1) for (const pending of group) this.commit([pending]);
      else group[0]!.reject(error);
    } finally {
      this.committing = false;
    }
  }
}
