import type {
  Appended,
  EventStore,
  EventSubscription,
  ExpectedRevision,
  NewEvent,
  Position,
  RecordedEvent,
  SubscribeOptions,
} from './event-store';

/** An event store in front of another one, to which it passes every call; subclasses override what is different. */
export class ForwardingEventStore implements EventStore {
  constructor(protected readonly store: EventStore) {}

  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    return this.store.append(stream, events, expected);
  }

  read(stream: string, fromRevision?: number, count?: number): AsyncIterable<RecordedEvent> {
    return this.store.read(stream, fromRevision, count);
  }

  readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    return this.store.readBackwards(stream, count);
  }

  readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    return this.store.readAllBackwards(count, before);
  }

  eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    return this.store.eventAt(position);
  }

  subscribeToAll(options: SubscribeOptions): EventSubscription {
    return this.store.subscribeToAll(options);
  }

  get lastAppended(): Position | undefined {
    return this.store.lastAppended;
  }

  lastAppendedTo(prefixes: readonly string[]): Position | undefined {
    return this.store.lastAppendedTo(prefixes);
  }

  truncateBefore(stream: string, revision: number): Promise<void> {
    return this.store.truncateBefore(stream, revision);
  }

  ping(): Promise<Position | undefined> {
    return this.store.ping();
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
