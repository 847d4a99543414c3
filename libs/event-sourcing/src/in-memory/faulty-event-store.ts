import { Outage } from '@latchkey/platform';
import {
  AppendTimeout,
  type Appended,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from '../event-store';
import { ForwardingEventStore } from '../forwarding-event-store';

/** The process has died; nothing that it still tries reaches the store. */
export class ProcessDied extends Error {
  override readonly name = 'ProcessDied';
}

/**
 * An event store as one process reaches it, for tests: the process may die between two appends, another one may append
 * before it, the store may be unavailable, or answer too late.
 */
export class FaultyEventStore extends ForwardingEventStore {
  /** Everything fails as it does while the store is unavailable. */
  isAway = false;
  private appendsToLive = Infinity;
  private unanswered = 0;
  private overtaking: { readonly prefix: string; readonly work: () => Promise<unknown> }[] = [];

  get isDead(): boolean {
    return this.appendsToLive < 0;
  }

  /**
   * The process dies before it knows of its nth append from now: that one is kept, and nothing after it is. 0: it dies
   * before the first.
   */
  dieAfter(appends: number): void {
    this.appendsToLive = appends;
  }

  /** The next appends are kept, and this many answers to them are lost. */
  loseAnswers(count = 1): void {
    this.unanswered = count;
  }

  /** Just before the next append to a stream whose name begins so, something else happens, once. */
  before(prefix: string, work: () => Promise<unknown>): void {
    this.overtaking.push({ prefix, work });
  }

  override async append(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    this.checkAlive();
    const first = this.overtaking.find(({ prefix }) => stream.startsWith(prefix));
    if (first) {
      this.overtaking = this.overtaking.filter((each) => each !== first);
      await first.work();
    }
    if (this.appendsToLive === 0) this.die();
    const isLast = --this.appendsToLive === 0;
    const appended = await this.store.append(stream, events, expected).catch((error: unknown) => {
      this.appendsToLive++;
      throw error;
    });
    if (isLast) this.die();
    if (this.unanswered > 0) {
      this.unanswered--;
      throw new AppendTimeout(stream, 'a test');
    }
    return appended;
  }

  override async *read(stream: string, fromRevision?: number, count?: number): AsyncIterable<RecordedEvent> {
    this.checkAlive();
    yield* this.store.read(stream, fromRevision, count);
  }

  override async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    this.checkAlive();
    yield* this.store.readBackwards(stream, count);
  }

  override async *readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    this.checkAlive();
    yield* this.store.readAllBackwards(count, before);
  }

  override async eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    this.checkAlive();
    return this.store.eventAt(position);
  }

  override async truncateBefore(stream: string, revision: number): Promise<void> {
    this.checkAlive();
    await this.store.truncateBefore(stream, revision);
  }

  override async ping(): Promise<Position | undefined> {
    this.checkAlive();
    return this.store.ping();
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  private die(): never {
    this.appendsToLive = -1;
    throw new ProcessDied('the process died in the middle of its work');
  }

  private checkAlive(): void {
    if (this.isDead) throw new ProcessDied('this process is dead');
    if (this.isAway) throw new Outage('event store', 'a test has taken it away');
  }
}
