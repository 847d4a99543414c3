import {
  type Appended,
  AppendTimeout,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from '../event-store';
import { type ForeignNewEvent, InMemoryEventStore } from '../in-memory';

/** The process has ended in the middle of what it did: nothing that was to follow happens. */
export class Crash extends Error {
  constructor() {
    super('the process has ended here');
  }
}

/** An event store in memory that does just what a test tells it, as it happens among several processes or in a crash. */
export class ScriptedEventStore extends InMemoryEventStore {
  private readonly between = new Map<string, readonly ForeignNewEvent[]>();
  private appendsToCrash: number | undefined;
  private isDown = false;
  private losesAnswer = false;
  private appends = 0;

  /** Whoever appends to the stream next finds that others were faster with these events. */
  beforeNextAppend(stream: string, ...events: readonly ForeignNewEvent[]): void {
    this.between.set(stream, events);
  }

  /** The next append is done, and not answered. */
  loseNextAnswer(): void {
    this.losesAnswer = true;
  }

  /** The process ends once so many more appends are done, before it hears of the last one. */
  crashAfter(appends: number): void {
    this.appends = 0;
    this.appendsToCrash = appends;
  }

  /** The process runs again. */
  restart(): void {
    this.isDown = false;
    this.appendsToCrash = undefined;
  }

  override async append(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    this.mustBeUp();
    const faster = this.between.get(stream);
    if (faster) {
      this.between.delete(stream);
      this.appendForeign(stream, ...faster);
    }
    const appended = await super.append(stream, events, expected);
    this.isDown = ++this.appends === this.appendsToCrash;
    this.mustBeUp();
    if (!this.losesAnswer) return appended;
    this.losesAnswer = false;
    throw new AppendTimeout(stream, 'the answer was lost');
  }

  override read(stream: string, fromRevision?: number, count?: number): AsyncIterable<RecordedEvent> {
    this.mustBeUp();
    return super.read(stream, fromRevision, count);
  }

  override readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    this.mustBeUp();
    return super.readBackwards(stream, count);
  }

  override readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    this.mustBeUp();
    return super.readAllBackwards(count, before);
  }

  private mustBeUp(): void {
    if (this.isDown) throw new Crash();
  }
}
