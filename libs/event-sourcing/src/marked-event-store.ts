import { CryptoRandom, type Random } from '@latchkey/platform';
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
  type SubscribeOptions,
  type WrittenEvent,
} from './event-store';
import { ForwardingEventStore } from './forwarding-event-store';
import { carriesPersonal } from './personal';

/** Bytes of a salt: too many to try them all. */
const SALT_BYTES = 16;

/** Makes marks that nobody else can make, and checks them. */
export interface Marker {
  mark(text: string): string;
  isMarked(text: string, mark: string): boolean;
}

/**
 * Marks every event that is appended, and checks the mark of each one read. The mark covers the event, its stream and
 * its revision, so that someone who can append to the event store can neither invent one nor repeat one or copy it
 * elsewhere. Events without a valid mark are still passed on, as `forged`: they count as revisions. An event that
 * carries anything personal is given a salt as well, so that this can be erased later.
 */
export class MarkedEventStore extends ForwardingEventStore {
  constructor(
    store: EventStore,
    private readonly marker: Marker,
    /** Events up to here were written before there were marks; undefined: there are none. */
    private readonly unmarkedUntil: Position | undefined,
    /** Where salts come from. */
    private readonly random: Random = new CryptoRandom(),
  ) {
    super(store);
  }

  override async append(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    if (expected === 'any') throw new TypeError('A mark needs the revision that its event will have.');
    const first = expected === 'no-stream' ? 0 : expected + 1;
    const marked = events.map(({ id, type, data, metadata: given }, n): NewEvent => {
      const metadata = carriesPersonal(data) ? { ...given, salt: this.salt() } : { ...given };
      const written = { data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
      const place: Place = { stream, revision: first + n, id, type };
      const mark = this.marker.mark(joined(place, written));
      // The last of what is written, too: see writtenTextOf.
      metadata.mark = mark;
      const withMark = written.metadata.slice(0, -1) + endWith(mark);
      return {
        id,
        type,
        data,
        metadata,
        written: new MarkedText(this.marker, place, written.data, withMark),
      };
    });
    return this.store.append(stream, marked, expected);
  }

  override async *read(stream: string, fromRevision?: number, count?: number): AsyncIterable<RecordedEvent> {
    for await (const event of this.store.read(stream, fromRevision, count)) yield this.judged(event);
  }

  override async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    for await (const event of this.store.readBackwards(stream, count)) yield this.judged(event);
  }

  override async *readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent> {
    for await (const event of this.store.readAllBackwards(count, before)) yield this.judged(event);
  }

  override async eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    const event = await this.store.eventAt(position);
    return event && this.judged(event);
  }

  override subscribeToAll(options: SubscribeOptions): EventSubscription {
    return this.store.subscribeToAll({
      ...options,
      onEvents: (events) => options.onEvents(events.map((event) => this.judged(event))),
    });
  }

  /** The same marks over another way to the events. */
  over(store: EventStore): MarkedEventStore {
    return new MarkedEventStore(store, this.marker, this.unmarkedUntil, this.random);
  }

  /** An event of ours that was changed, with the mark of what it is now; one from before there were marks needs none. */
  marked(event: RecordedEvent): RecordedEvent {
    const { mark: earlier, ...metadata } = event.metadata;
    if (earlier === undefined) return event;
    const mark = this.marker.mark(textOf(event, metadata));
    return { ...event, metadata: { ...metadata, mark }, written: undefined };
  }

  private salt(): string {
    return this.random.bytes(SALT_BYTES).toString('base64url');
  }

  private judged(event: RecordedEvent): RecordedEvent {
    const forged = this.whyForged(event);
    return forged === undefined ? event : { ...event, forged };
  }

  private whyForged(event: RecordedEvent): string | undefined {
    const mark: unknown = (event.metadata as Partial<EventMetadata> | null | undefined)?.mark;
    if (typeof mark !== 'string') return this.wasBeforeMarks(event.position) ? undefined : 'it has no mark';
    if (this.isBack(event)) return undefined;
    const written = writtenTextOf(event, mark);
    if (written !== undefined && this.marker.isMarked(written, mark)) return undefined;
    const { mark: _, ...metadata } = event.metadata;
    return this.marker.isMarked(textOf(event, metadata), mark) ? undefined : 'its mark is not right';
  }

  /** Whether it was marked here and comes back with that very text: to see that is a tenth of checking its mark. */
  private isBack({ stream, revision, id, type, written }: RecordedEvent): boolean {
    if (!(written instanceof MarkedText) || written.marker !== this.marker) return false;
    const { place } = written;
    return place.id === id && place.revision === revision && place.stream === stream && place.type === type;
  }

  private wasBeforeMarks(position: Position): boolean {
    const { unmarkedUntil } = this;
    // A store that does not report positions reports 0.
    return (
      unmarkedUntil !== undefined && position.commit > 0n && comparePositions(position, unmarkedUntil) <= 0
    );
  }
}

type Place = Pick<RecordedEvent, 'stream' | 'revision' | 'id' | 'type'>;

/** What was marked here, and for which place. A store that finds the same bytes again gives it back with the event. */
class MarkedText implements WrittenEvent {
  constructor(
    readonly marker: Marker,
    readonly place: Place,
    readonly data: string,
    readonly metadata: string,
  ) {}
}

/** What is marked: a JSON array of where an event stands and what it is. */
function joined({ stream, revision, id, type }: Place, { data, metadata }: WrittenEvent): string {
  return `${JSON.stringify([stream, revision, id, type]).slice(0, -1)},${data},${metadata}]`;
}

/** The same of JSON that was parsed, written again as it was: names keep their order. */
function textOf(event: Place & Pick<RecordedEvent, 'data'>, metadata: object): string {
  const { stream, revision, id, type, data } = event;
  return JSON.stringify([stream, revision, id, type, data, metadata]);
}

/** How metadata that carry a mark end. */
const endWith = (mark: string): string => `,"mark":"${mark}"}`;

/**
 * The same of JSON that was not parsed: of an event of ours it is what was marked, since the mark is the last of its
 * metadata. To write all of it again would cost as much as reading it. Undefined where it can't be told apart so.
 */
function writtenTextOf(event: RecordedEvent, mark: string): string | undefined {
  const { written } = event;
  const end = endWith(mark);
  if (!written?.metadata.endsWith(end)) return undefined;
  return joined(event, { ...written, metadata: `${written.metadata.slice(0, -end.length)}}` });
}
