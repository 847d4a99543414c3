import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from './event-store';

/** What a view that hears of every event knows of the streams. */
export interface KnownRevisions {
  /** The newest revision of a stream that it has seen: what is kept in memory must not be older. */
  atLeast(stream: string): number | undefined;
  /** The store was asked for a stream, and has it up to this revision: of what comes after, the view will hear. */
  loaded(stream: string, revision: number): void;
}

/** Of so many streams the newest revision is kept; of one that is forgotten here the store is asked again. */
const KEPT = 50_000;

/** The newest revisions of the streams whose events this process has seen. */
export class SeenRevisions implements KnownRevisions {
  private readonly revisions = new LRUCache<string, number>({ max: KEPT });
  /** False: a view may tell of events that this process has yet to see, so that what it knows may be too old. */
  isBelieved = true;

  see(events: readonly RecordedEvent[]): void {
    for (const { stream, revision } of events) this.revisions.set(stream, revision);
  }

  loaded(stream: string, revision: number): void {
    if (revision > (this.revisions.peek(stream) ?? -1)) this.revisions.set(stream, revision);
  }

  atLeast(stream: string): number | undefined {
    return this.isBelieved ? this.revisions.get(stream) : undefined;
  }
}
