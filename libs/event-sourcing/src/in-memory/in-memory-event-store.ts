import {
  type Appended,
  comparePositions,
  type EventMetadata,
  type EventStore,
  type EventSubscription,
  type ExpectedRevision,
  type NewEvent,
  type Position,
  type RecordedEvent,
  RevisionConflict,
  type SubscribeOptions,
} from '../event-store';
import { InMemorySubscription } from './in-memory-subscription';

/** An event as anyone may append it. */
export interface ForeignNewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata?: unknown;
}

/** The event store's twin in memory, for tests: it has the same contract, and nothing remains when it is closed. */
export class InMemoryEventStore implements EventStore {
  private readonly log: RecordedEvent[] = [];
  private readonly streams = new Map<string, RecordedEvent[]>();
  private readonly revisions = new Map<string, number>();
  private readonly truncated = new Map<string, number>();
  private readonly erased = new Set<RecordedEvent>();
  private readonly subscriptions = new Set<InMemorySubscription>();
  private readonly lastByPrefix = new Map<string, Position>();
  lastAppended: Position | undefined;

  /** @param now what the store's own clock reads, ms */
  constructor(private readonly now: () => number = Date.now) {}

  append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const there = this.streams.get(stream) ?? [];
    const again = this.repeated(stream, events, expected);
    if (again) return Promise.resolve({ revision: again.revision, position: again.position });
    const revision = there.length - 1;
    const wanted = expected === 'no-stream' ? -1 : expected;
    if (wanted !== 'any' && wanted !== revision)
      return Promise.reject(new RevisionConflict(stream, expected, revision));
    const position = this.record(stream, events);
    this.lastAppended = position;
    this.lastByPrefix.set(stream.slice(0, stream.indexOf('-') + 1), position);
    return Promise.resolve({ revision: revision + events.length, position });
  }

  /** What somebody else appends: anything, as JSON or, where the data are bytes, as that. */
  appendForeign(stream: string, ...events: readonly ForeignNewEvent[]): void {
    this.record(stream, events);
  }

  async *read(stream: string, fromRevision = 0, count = Infinity): AsyncIterable<RecordedEvent> {
    const visible = this.visible(stream, fromRevision);
    for (const event of visible.slice(0, count)) yield await Promise.resolve(event);
  }

  async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    for (const event of this.visible(stream).slice(-count).reverse()) yield await Promise.resolve(event);
  }

  async *readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    const end = before ? this.log.findIndex((each) => comparePositions(each.position, before) >= 0) : -1;
    const earlier = (end === -1 ? this.log : this.log.slice(0, end)).filter((each) => !this.erased.has(each));
    for (const event of earlier.slice(-count).reverse()) yield await Promise.resolve(event);
  }

  eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    const from = this.log.find((each) => comparePositions(each.position, position) >= 0);
    const isThere = from && comparePositions(from.position, position) === 0;
    if (isThere) return Promise.resolve(this.erased.has(from) ? undefined : from);
    return Promise.resolve(from && null);
  }

  subscribeToAll(options: SubscribeOptions): EventSubscription {
    const isThere = (event: RecordedEvent) => !this.erased.has(event);
    const subscription = new InMemorySubscription(this.log, isThere, options, () =>
      this.subscriptions.delete(subscription),
    );
    this.subscriptions.add(subscription);
    return subscription;
  }

  lastAppendedTo(prefixes: readonly string[]): Position | undefined {
    return prefixes.reduce<Position | undefined>((latest, prefix) => {
      const position = this.lastByPrefix.get(prefix);
      return !latest || (position && comparePositions(position, latest) > 0) ? position : latest;
    }, undefined);
  }

  truncateBefore(stream: string, revision: number): Promise<void> {
    this.truncated.set(stream, revision);
    return Promise.resolve();
  }

  /** Erases what is hidden, as a scavenge does. */
  scavenge(): void {
    for (const event of this.log) {
      if (event.revision < (this.truncated.get(event.stream) ?? 0)) this.erased.add(event);
    }
  }

  ping(): Promise<Position | undefined> {
    return Promise.resolve(this.log.at(-1)?.position);
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
  }

  /** The last of these events, where they are stored already: an append without an answer may be repeated. */
  private repeated(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): RecordedEvent | undefined {
    const there = this.streams.get(stream) ?? [];
    const first = this.revisions.get(placeOf(stream, events[0]?.id));
    if (first === undefined) return undefined;
    const asked = expected === 'no-stream' ? 0 : expected === 'any' ? first : expected + 1;
    if (asked !== first || !events.every(({ id }, index) => there[first + index]?.id === id))
      return undefined;
    return there[first + events.length - 1];
  }

  private visible(stream: string, fromRevision = 0): RecordedEvent[] {
    const from = Math.max(fromRevision, this.truncated.get(stream) ?? 0);
    return (this.streams.get(stream) ?? []).slice(from);
  }

  private record(stream: string, events: readonly ForeignNewEvent[]): Position {
    const there = this.streams.get(stream) ?? [];
    this.streams.set(stream, there);
    for (const { id, type, data, metadata } of events) {
      const place = BigInt(this.log.length + 1);
      const event: RecordedEvent = {
        ...{ id, type, stream, revision: there.length, position: { commit: place, prepare: place } },
        recordedAt: this.now(),
        data: asStored(data),
        metadata: asStored(metadata) as EventMetadata,
      };
      if (!this.revisions.has(placeOf(stream, id))) this.revisions.set(placeOf(stream, id), event.revision);
      there.push(event);
      this.log.push(event);
    }
    for (const subscription of this.subscriptions) subscription.wake();
    return there.at(-1)!.position;
  }
}

const placeOf = (stream: string, id: string | undefined): string => `${stream} ${id ?? ''}`;

/** JSON as it would come back over the wire. */
function asStored(value: unknown): unknown {
  if (value === undefined || value instanceof Uint8Array) return value;
  return JSON.parse(JSON.stringify(value)) as unknown;
}
