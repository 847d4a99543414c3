import { Changes } from './changes';
import { rollBack, type SqliteDatabase } from './database';
import { type EventTable } from './event-table';
import { Facts } from './facts';
import { Generations } from './generations';
import { HeldFile } from './held-file';
import { RecentEvents } from './recent-events';
import { type StreamHead, StreamTable } from './stream-table';
import {
  type ProposedEvent,
  STORED_TOMBSTONE_REVISION,
  type StoredEvent,
  nextPosition,
} from './stored-event';

const LARGEST_EVENT = 'largest_event';

/**
 * The log: all events in the order of their positions, and each stream's in the order of its revisions. It knows
 * nothing of expected revisions, metadata or the protocol. Writing happens inside `transact` only, and as late as it
 * can: one event by itself is one statement, which SQLite makes durable without being told of a transaction.
 */
export class EventLog {
  readonly changes = new Changes();
  readonly file: HeldFile;
  private readonly streams: StreamTable;
  private readonly facts: Facts;
  private readonly generations: Generations;
  private readonly recent: RecentEvents;
  private largestEvent: number;
  private uncommitted: StoredEvent[] = [];
  /** How many of the uncommitted the tables have already. */
  private inserted = 0;
  private newest: number;
  private writing = false;
  /** SQLite has been told of a transaction. */
  private begun = false;
  /** Up to here events may have been erased, so that a position need not have an event. */
  private erasedUpTo = 0;
  private readonly rollbackListeners: (() => void)[] = [];

  constructor(
    private readonly db: SqliteDatabase,
    private readonly now: () => number,
  ) {
    this.file = new HeldFile(db);
    this.streams = new StreamTable(db, (streamId) => this.newestRevision(streamId));
    this.facts = new Facts(db);
    this.largestEvent = this.facts.number(LARGEST_EVENT);
    this.generations = new Generations(db, this.facts, this.streams.nameOf, () => this.largestEvent);
    this.newest = this.readNewest();
    this.erasedUpTo = this.facts.number('erased_up_to');
    this.recent = new RecentEvents(this.newest);
  }

  /** Position of the newest event; 0 when there is none. */
  get lastPosition(): number {
    return this.newest;
  }

  get scavengedUpTo(): number {
    return this.erasedUpTo;
  }

  /** Calls `listener` after each rollback: what was read during the transaction may never have been written. */
  onRollback(listener: () => void): void {
    this.rollbackListeners.push(listener);
  }

  head(stream: string): StreamHead | undefined {
    return this.streams.find(stream);
  }

  /**
   * Runs `work` and makes what it appended durable: when this returns, it is on the disk. When it throws, nothing
   * of it has happened.
   */
  transact<T>(work: () => T): T {
    this.writing = true;
    let result: T;
    try {
      result = work();
      this.commit();
    } catch (error) {
      this.rollback();
      throw error;
    } finally {
      this.writing = false;
    }
    this.publish();
    return result;
  }

  /** Appends events to a stream, unconditionally. @returns the events as stored */
  append(stream: string, events: readonly ProposedEvent[]): StoredEvent[] {
    const head = this.streams.find(stream) ?? this.create(stream);
    return events.map((event) => this.store(head, head.lastRevision + 1, event));
  }

  /** Appends the event after which a stream has ended for good. */
  appendTombstone(stream: string, event: ProposedEvent): StoredEvent {
    const head = this.streams.find(stream) ?? this.create(stream);
    return this.store(head, STORED_TOMBSTONE_REVISION, event);
  }

  at(position: number): StoredEvent | undefined {
    return firstDefined(this.oldestFirst, (table) => table.at(position));
  }

  /** Up to `limit` events with a position above `position`, oldest first; none is the end, a short page is not. */
  after(position: number, limit: number): StoredEvent[] {
    const recent = this.writing ? undefined : this.recent.after(position, limit);
    return recent ?? firstPage(this.oldestFirst, (table) => table.after(position, limit));
  }

  /** The first position above `position` at which an event is. */
  nextPosition(position: number): number | undefined {
    const each = this.oldestFirst.flatMap((table) => table.nextPosition(position) ?? []);
    return each.length === 0 ? undefined : Math.min(...each);
  }

  /** All events above one position and up to another, of streams whose names begin with one of these. */
  between(after: number, upTo: number, prefixes: readonly string[]): StoredEvent[] {
    if (prefixes.length === 0) return [];
    const events = this.oldestFirst.flatMap((table) => table.between(after, upTo, prefixes));
    return events.sort((a, b) => a.position - b.position);
  }

  /** Up to `limit` events with a position below `position`, newest first. */
  before(position: number, limit: number): StoredEvent[] {
    return firstPage(this.newestFirst, (table) => table.before(position, limit));
  }

  /** Up to `limit` events of a stream from `revision` upwards; none is the end, a short page is not. */
  ofStream(head: StreamHead, revision: number, limit: number): StoredEvent[] {
    return firstPage(this.oldestFirst, (table) => table.ofStream(head.id, revision, limit));
  }

  /** Up to `limit` events of a stream from `revision` down to `lowest`. */
  ofStreamBackwards(head: StreamHead, revision: number, lowest: number, limit: number): StoredEvent[] {
    return firstPage(this.newestFirst, (table) => table.ofStreamBackwards(head.id, revision, lowest, limit));
  }

  /** When the first event of the stream from `revision` on was written, ms. */
  createdFrom(head: StreamHead, revision: number): number | undefined {
    return firstDefined(this.oldestFirst, (table) => table.createdFrom(head.id, revision));
  }

  ofRevision(head: StreamHead, revision: number): StoredEvent | undefined {
    return firstDefined(this.oldestFirst, (table) => table.ofRevision(head.id, revision));
  }

  /** The oldest event of the stream that has this id. */
  ofId(head: StreamHead, id: Uint8Array): StoredEvent | undefined {
    return firstDefined(this.oldestFirst, (table) => table.ofId(head.id, id));
  }

  /**
   * Puts other data and metadata in the place of an event's, which stays where it is and of its type. Runs inside
   * `transact`; what was there before is gone from the file after the next erasure.
   * @returns false where there is no such event
   */
  replace(
    { stream, revision, id }: { readonly stream: string; readonly revision: number; readonly id: Uint8Array },
    content: Pick<ProposedEvent, 'data' | 'metadata'>,
  ): boolean {
    const head = this.streams.find(stream);
    const event = head && this.ofRevision(head, revision);
    if (!event || Buffer.compare(event.id, id) !== 0) return false;
    const replaced = { ...event, ...content };
    this.settle();
    this.noteSize(replaced);
    for (const table of this.oldestFirst) table.replace(replaced);
    this.recent.clear(this.newest);
    return true;
  }

  /**
   * Forgets events for good, a batch at a time, the oldest first: their bytes are gone from the file once
   * `endErasing` has returned. In between everything can be read and written.
   */
  beginErasing(): void {
    this.generations.begin();
  }

  /**
   * One batch; runs inside `transact`.
   * @returns how many events were forgotten, or undefined when all have been looked at
   */
  eraseSome(limit: number, keep: (event: StoredEvent) => boolean): number | undefined {
    this.settle();
    const forgotten = new Map<number, number>();
    const forget = ({ streamId, revision }: StoredEvent): void => void forgotten.set(streamId, revision);
    const moved = this.generations.moveSome(limit, keep, forget);
    if (!moved) return undefined;
    for (const [streamId, revision] of forgotten) this.streams.keepRevision(streamId, revision);
    // Positions are never given twice, even when the newest event is forgotten.
    this.facts.set('newest_position', this.newest);
    this.facts.set('erased_up_to', moved.upTo);
    this.erasedUpTo = moved.upTo;
    return moved.forgotten;
  }

  endErasing(): void {
    this.generations.end();
    this.recent.clear(this.newest);
    this.file.checkpoint();
  }

  /** An erasure was begun and not ended, perhaps by an earlier process. */
  get isErasing(): boolean {
    return this.generations.isMoving;
  }

  /** All has been looked at: `endErasing` may follow. */
  get isErased(): boolean {
    return this.generations.isMoved;
  }

  /** The tables, with all that was appended in them. */
  private get oldestFirst(): readonly EventTable[] {
    if (this.inserted < this.uncommitted.length) this.settle();
    return this.generations.oldestFirst;
  }

  private get newestFirst(): readonly EventTable[] {
    if (this.inserted < this.uncommitted.length) this.settle();
    return this.generations.newestFirst;
  }

  private newestRevision(streamId: number): number {
    return Math.max(...this.oldestFirst.map((table) => table.lastRevision(streamId)));
  }

  private create(stream: string): StreamHead {
    this.begin();
    return this.streams.create(stream);
  }

  private begin(): void {
    if (this.begun) return;
    this.db.exec('BEGIN IMMEDIATE');
    this.begun = true;
  }

  /** Puts what was appended into the tables, in a transaction that others may join. */
  private settle(): void {
    this.begin();
    const { current } = this.generations;
    for (; this.inserted < this.uncommitted.length; this.inserted += 1) {
      current.insert(this.uncommitted[this.inserted]!);
    }
  }

  private commit(): void {
    const [event] = this.uncommitted;
    if (event && this.uncommitted.length === 1 && !this.begun) {
      this.generations.current.insert(event);
      return;
    }
    if (this.inserted < this.uncommitted.length) this.settle();
    if (this.begun) this.db.exec('COMMIT');
    this.begun = false;
  }

  private readNewest(): number {
    const positions = this.generations.oldestFirst.map((table) => table.lastPosition());
    return Math.max(this.facts.number('newest_position'), ...positions);
  }

  private store(head: StreamHead, revision: number, event: ProposedEvent): StoredEvent {
    const position = nextPosition(this.newest, head.name, event);
    const created = this.now();
    this.noteSize(event);
    this.newest = position;
    head.lastRevision = revision;
    const { id, type, isJson, data, metadata } = event;
    const stored: StoredEvent = {
      position,
      streamId: head.id,
      stream: head.name,
      revision,
      created,
      id,
      type,
      isJson,
      data,
      metadata,
    };
    this.uncommitted.push(stored);
    return stored;
  }

  /** Readers size their pages by the largest event there is; kept roughly, so that it is seldom written. */
  private noteSize({ data, metadata }: ProposedEvent): void {
    const size = data.length + metadata.length;
    if (size <= this.largestEvent) return;
    this.largestEvent = Math.max(1024, 2 ** Math.ceil(Math.log2(size)));
    this.begin();
    this.facts.set(LARGEST_EVENT, this.largestEvent);
  }

  private publish(): void {
    const events = this.uncommitted;
    if (events.length === 0) return;
    this.uncommitted = [];
    this.inserted = 0;
    const streams = new Set<string>();
    for (const event of events) {
      this.recent.push(event);
      streams.add(event.stream);
    }
    this.changes.announce(streams);
  }

  private rollback(): void {
    this.uncommitted = [];
    this.inserted = 0;
    this.streams.forget();
    for (const listener of this.rollbackListeners) listener();
    rollBack(this.db);
    this.begun = false;
    this.newest = this.readNewest();
    this.largestEvent = this.facts.number(LARGEST_EVENT);
  }
}

function firstDefined<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first page that has events: a page may be cut short, so the next table has its turn when one is empty. */
function firstPage(tables: readonly EventTable[], read: (table: EventTable) => StoredEvent[]): StoredEvent[] {
  for (const table of tables) {
    const page = read(table);
    if (page.length > 0) return page;
  }
  return [];
}
