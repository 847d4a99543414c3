import { LRUCache } from 'lru-cache';
import { type EventLog } from '../storage/event-log';
import { type StreamHead, isTombstoned } from '../storage/stream-table';
import { STORED_TOMBSTONE_REVISION, type StoredEvent } from '../storage/stored-event';
import { type ResolvedEvent } from '../protocol/read-response';
import { isMetastream, originalOf, type StreamMetadataReader } from './stream-metadata';

/** What a reader may see of a stream at this moment. */
export type StreamView =
  | { readonly kind: 'absent' }
  | { readonly kind: 'deleted' }
  | {
      readonly kind: 'present';
      readonly head: StreamHead;
      readonly lastRevision: number;
      /** Lowest revision that is neither truncated nor expired. */
      readonly firstRevision: number;
    };

export type PresentStream = Extract<StreamView, { kind: 'present' }>;

/** Reads streams through their metadata: truncated and expired events are not there. */
export class StreamReader {
  constructor(
    private readonly log: EventLog,
    private readonly metadata: StreamMetadataReader,
    private readonly now: () => number,
    private readonly mayRead: (stream: string) => boolean = () => true,
    /** Revisions of streams with a maximum age below which everything has expired. */
    private readonly unexpired = new LRUCache<number, { maxAge: number; revision: number }>({ max: 10_000 }),
  ) {}

  /** The same, for somebody who may not read every stream that a link may point to. */
  forReader(mayRead: (stream: string) => boolean): StreamReader {
    return new StreamReader(this.log, this.metadata, this.now, mayRead, this.unexpired);
  }

  view(stream: string): StreamView {
    const head = this.log.head(stream);
    if (isTombstoned(head) || this.isMetastreamOfTombstoned(stream)) return { kind: 'deleted' };
    if (!head || head.lastRevision < 0) return { kind: 'absent' };
    const metadata = this.metadata.of(stream);
    if (metadata.isSoftDeleted) return { kind: 'absent' };
    const byCount = metadata.maxCount === undefined ? 0 : head.lastRevision - metadata.maxCount + 1;
    const byAge = metadata.maxAge === undefined ? 0 : this.firstUnexpired(head, metadata.maxAge);
    return {
      kind: 'present',
      head,
      lastRevision: head.lastRevision,
      firstRevision: Math.max(0, metadata.truncateBefore ?? 0, byCount, byAge),
    };
  }

  private isMetastreamOfTombstoned(stream: string): boolean {
    return isMetastream(stream) && isTombstoned(this.log.head(originalOf(stream)));
  }

  /** Up to `limit` events from `revision` upwards. */
  forwards(view: PresentStream, revision: number, limit: number): StoredEvent[] {
    return this.log.ofStream(view.head, Math.max(revision, view.firstRevision), limit);
  }

  /** Up to `limit` events from `revision` downwards. */
  backwards(view: PresentStream, revision: number, limit: number): StoredEvent[] {
    return this.log.ofStreamBackwards(view.head, revision, view.firstRevision, limit);
  }

  /** The event a link points to, if it is one and links are to be resolved. */
  resolve(event: StoredEvent, resolveLinks: boolean): ResolvedEvent {
    const target = resolveLinks && event.type === '$>' ? linkTarget(event) : undefined;
    if (!target) return { event, link: undefined };
    return { event: this.find(target), link: event };
  }

  private find({ stream, revision }: LinkTarget): StoredEvent | undefined {
    if (!this.mayRead(stream)) return undefined;
    const view = this.view(stream);
    if (view.kind !== 'present' || revision < view.firstRevision) return undefined;
    return this.log.ofRevision(view.head, revision);
  }

  /** Events of a stream are in the order of their age, so halving the range finds the first that has not expired. */
  private firstUnexpired(head: StreamHead, maxAge: number): number {
    const oldest = this.now() - maxAge * 1000;
    const known = this.unexpired.get(head.id);
    let low = known?.maxAge === maxAge ? known.revision : 0;
    let high = head.lastRevision + 1;
    const hasExpired = (revision: number): boolean =>
      (this.log.createdFrom(head, revision) ?? oldest) < oldest;
    if (!hasExpired(low)) high = low;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (hasExpired(middle)) low = middle + 1;
      else high = middle;
    }
    this.unexpired.set(head.id, { maxAge, revision: low });
    return low;
  }
}

interface LinkTarget {
  readonly revision: number;
  readonly stream: string;
}

/** What the data of a link, `revision@stream`, points to; undefined when it points to nothing that could be. */
function linkTarget(link: StoredEvent): LinkTarget | undefined {
  const text = Buffer.from(link.data).toString('utf8');
  const at = text.indexOf('@');
  const revision = Number(text.slice(0, at));
  if (at < 1 || at === text.length - 1 || !Number.isSafeInteger(revision)) return undefined;
  if (revision === STORED_TOMBSTONE_REVISION) return undefined;
  return { revision, stream: text.slice(at + 1) };
}
