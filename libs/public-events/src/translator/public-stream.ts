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

/** A public event also says where the domain event stands that it comes from. */
export interface PublicMetadata extends EventMetadata {
  readonly sourcePosition: string;
}

export interface PublicEvent extends NewEvent {
  readonly metadata: PublicMetadata;
}

interface Tail {
  revision: number;
  /** The source of the last event, and the ids of all events that come from it. */
  source: Position | undefined;
  ids: Set<string>;
}

const ATTEMPTS = 20;
/** Events in one append: far below the store's limit of a mebibyte. */
const CHUNK = 200;

/**
 * Appends to public streams so that each event is there once, however often it is handed over: events go in by
 * the order of their sources, so whatever comes from before the last one's source is there already. This holds
 * when a crash came between an append and the checkpoint, when all of history is translated again, and when two
 * processes translate at a time.
 */
export class PublicStreams {
  private readonly tails = new Map<string, Tail>();

  constructor(private readonly store: EventStore) {}

  /**
   * Events of one stream, in the order of their sources. Where the store can't be reached it rejects; repeating it
   * all is safe.
   */
  async append(stream: string, events: readonly PublicEvent[]): Promise<void> {
    for (let from = 0; from < events.length; from += CHUNK) {
      await this.appendChunk(stream, events.slice(from, from + CHUNK));
    }
  }

  private async appendChunk(stream: string, events: readonly PublicEvent[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const tail = await this.tailOf(stream);
      const missing = events.filter((event) => !isThere(event, tail));
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
        const source = ownPublicEvent(event)?.source;
        if (!source) continue;
        tail.source ??= source;
        if (comparePositions(source, tail.source) === 0) tail.ids.add(event.id);
        else earlier = true;
      }
      if (earlier || read < count) return tail;
    }
  }
}

function isThere(event: PublicEvent, { source, ids }: Tail): boolean {
  if (!source) return false;
  const order = comparePositions(sourceOf(event.metadata), source);
  return order < 0 || (order === 0 && ids.has(event.id));
}

function moved(tail: Tail, appended: readonly PublicEvent[], revision: number): Tail {
  const source = sourceOf(appended.at(-1)!.metadata);
  const same = tail.source && comparePositions(tail.source, source) === 0;
  const last = appended.filter((event) => comparePositions(sourceOf(event.metadata), source) === 0);
  return { revision, source, ids: new Set([...(same ? tail.ids : []), ...last.map((event) => event.id)]) };
}

const sourceOf = (metadata: PublicMetadata): Position => positionFromText(metadata.sourcePosition);
