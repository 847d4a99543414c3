import {
  AppendTimeout,
  comparePositions,
  type EventMetadata,
  type EventStore,
  type NewEvent,
  type Position,
  positionFromText,
  RevisionConflict,
} from '@latchkey/event-sourcing';
import { ownPublicEvent } from '../read-public-event';
import { ToldIds } from './told-ids';

/** A public event also says where the domain event stands that it comes from. */
export interface PublicMetadata extends EventMetadata {
  readonly sourcePosition: string;
  /** Set where events of later facts stand before it in its stream: see PublicStreams. */
  readonly late?: true;
}

export interface PublicEvent extends NewEvent {
  readonly metadata: PublicMetadata;
}

/** The end of a stream; late events count only for its revision. */
interface Tail {
  revision: number;
  /** The source of the last event, and the ids of all events that come from it. */
  source: Position | undefined;
  ids: Set<string>;
}

const ATTEMPTS = 20;
/** Events in one append: far below the store's limit of a mebibyte. */
const CHUNK = 200;

/** Those of these ids that are known to be told; of others it has to be found out. */
export type ToldAmong = (ids: readonly string[]) => Promise<ReadonlySet<string>>;

const NONE: ReadonlySet<string> = new Set();

/**
 * Appends to public streams so that each event is there once, however often it is handed over: when a crash came
 * between an append and the checkpoint, when all of history is translated again, and when two processes translate at
 * a time. Events go in by the order of their sources; one from before the last one's source is looked for by its id.
 * Where it is not there, since the translator had to go on without its fact, it is told late: its id and its instant
 * put it in its place.
 */
export class PublicStreams {
  private readonly tails = new Map<string, Tail>();
  private readonly told = new Map<string, ToldIds>();

  constructor(private readonly store: EventStore) {}

  /**
   * Events of one stream, in the order of their sources. Where the store can't be reached it rejects; repeating it
   * all is safe.
   * @param countsAsTold events from before the last one's source that need not be looked for
   * @param toldAmong asked before the stream is read for such events
   */
  async append(
    stream: string,
    events: readonly PublicEvent[],
    countsAsTold: (event: PublicEvent) => boolean = () => false,
    toldAmong: ToldAmong = () => Promise.resolve(NONE),
  ): Promise<void> {
    for (let from = 0; from < events.length; from += CHUNK) {
      await this.appendChunk(stream, events.slice(from, from + CHUNK), countsAsTold, toldAmong);
    }
  }

  private async appendChunk(
    stream: string,
    events: readonly PublicEvent[],
    countsAsTold: (event: PublicEvent) => boolean,
    toldAmong: ToldAmong,
  ): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const tail = await this.tailOf(stream);
      const earlier = events.filter((event) => isBefore(event, tail) && !countsAsTold(event));
      const told = earlier.length > 0 ? await toldAmong(earlier.map(({ id }) => id)) : NONE;
      const missing: PublicEvent[] = [];
      for (const event of events) {
        if (!isBefore(event, tail)) {
          if (!tail.ids.has(event.id)) missing.push(event);
        } else if (!countsAsTold(event) && !told.has(event.id) && !(await this.isTold(stream, event, tail))) {
          missing.push({ ...event, metadata: { ...event.metadata, late: true } });
        }
      }
      if (missing.length === 0) return;
      try {
        const { revision } = await this.store.append(stream, missing, tail.revision);
        this.tails.set(stream, moved(tail, missing, revision));
        return;
      } catch (error) {
        this.tails.delete(stream);
        const worthTrying = error instanceof RevisionConflict || error instanceof AppendTimeout;
        if (!worthTrying || attempt >= ATTEMPTS) throw error;
        // A stream whose events were all truncated has a revision, but no last event.
        if (error instanceof RevisionConflict) await this.tailOf(stream, error.actual);
      }
    }
  }

  private isTold(stream: string, event: PublicEvent, { revision }: Tail): Promise<boolean> {
    let told = this.told.get(stream);
    if (!told) this.told.set(stream, (told = new ToldIds(this.store, stream)));
    return told.has(event.id, sourceOf(event.metadata), revision);
  }

  private async tailOf(stream: string, atLeast = -1): Promise<Tail> {
    const kept = this.tails.get(stream);
    if (kept) return kept;
    const tail = await this.readTail(stream);
    tail.revision = Math.max(tail.revision, atLeast);
    this.tails.set(stream, tail);
    return tail;
  }

  /** Reads backwards until an event comes from an earlier source; each read to its end, so that none stays open. */
  private async readTail(stream: string): Promise<Tail> {
    for (let count = 16; ; count *= 8) {
      const tail: Tail = { revision: -1, source: undefined, ids: new Set() };
      let read = 0;
      let earlier = false;
      for await (const event of this.store.readBackwards(stream, count)) {
        read++;
        tail.revision = Math.max(tail.revision, event.revision);
        const own = ownPublicEvent(event);
        if (!own || own.isLate) continue;
        const { source } = own;
        tail.source ??= source;
        if (comparePositions(source, tail.source) === 0) tail.ids.add(event.id);
        else earlier = true;
      }
      if (earlier || read < count) return tail;
    }
  }
}

function isBefore(event: PublicEvent, { source }: Tail): boolean {
  return source !== undefined && comparePositions(sourceOf(event.metadata), source) < 0;
}

function moved(tail: Tail, appended: readonly PublicEvent[], revision: number): Tail {
  const inOrder = appended.filter(({ metadata }) => !metadata.late);
  const lastInOrder = inOrder.at(-1);
  if (!lastInOrder) return { ...tail, revision };
  const source = sourceOf(lastInOrder.metadata);
  const same = tail.source && comparePositions(tail.source, source) === 0;
  const last = inOrder.filter((event) => comparePositions(sourceOf(event.metadata), source) === 0);
  return { revision, source, ids: new Set([...(same ? tail.ids : []), ...last.map((event) => event.id)]) };
}

const sourceOf = (metadata: PublicMetadata): Position => positionFromText(metadata.sourcePosition);
