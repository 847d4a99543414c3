import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from './event-store';

/** What a view that sees every event knows of the streams. */
export interface KnownRevisions {
  /** The newest revision of a stream that it has seen: what is kept in memory must not be older. */
  atLeast(stream: string): number | undefined;
  /** A stream was read up to this revision: the view will see what comes after. */
  loaded(stream: string, revision: number): void;
}

/** Of so many streams the newest revision is kept; for one that is dropped here the store is read again. */
const KEPT = 50_000;

/** The newest revisions of the streams whose events this process has seen. */
export class SeenRevisions implements KnownRevisions {
  private readonly revisions = new LRUCache<string, number>({ max: KEPT });
  /** False: a view may show events that this process has not seen yet, so that what it knows may be too old. */
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
