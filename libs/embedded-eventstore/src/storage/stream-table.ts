import { LRUCache } from 'lru-cache';
import { type SqliteDatabase } from './database';
import { STORED_TOMBSTONE_REVISION } from './stored-event';

/** What the log knows of a stream without reading its events. */
export interface StreamHead {
  readonly id: number;
  readonly name: string;
  /** Revision of its newest event; -1 when it has none; `STORED_TOMBSTONE_REVISION` when tombstoned. */
  lastRevision: number;
}

export function isTombstoned(head: StreamHead | undefined): boolean {
  return head?.lastRevision === STORED_TOMBSTONE_REVISION;
}

/**
 * The streams of the log: names, numbers and newest revisions, with a bounded cache in front. A newest revision is the
 * newest event's, so that an append need not write it; only for what has been erased is it kept here.
 */
export class StreamTable {
  private readonly heads = new LRUCache<string, StreamHead>({ max: 20_000 });
  /** Names that no stream has: most streams have no metadata, and each append asks for it. */
  private readonly absent = new LRUCache<string, true>({ max: 20_000 });
  private readonly names = new LRUCache<number, string>({ max: 20_000 });
  private readonly byName;
  private readonly byId;
  private readonly insert;
  private readonly update;

  constructor(
    db: SqliteDatabase,
    /** The revision of the newest event that the tables have of a stream; -1 when they have none. */
    private readonly newestRevision: (streamId: number) => number,
  ) {
    this.byName = db.prepare('SELECT id, last_revision FROM streams WHERE name = ?').raw();
    this.byId = db.prepare('SELECT name FROM streams WHERE id = ?').raw();
    this.insert = db.prepare('INSERT INTO streams (name, last_revision) VALUES (?, -1)');
    this.update = db.prepare('UPDATE streams SET last_revision = max(last_revision, ?) WHERE id = ?');
  }

  find(name: string): StreamHead | undefined {
    let head = this.heads.get(name);
    if (!head) {
      if (this.absent.get(name)) return undefined;
      const row = this.byName.get(name) as [number, number] | undefined;
      if (!row) {
        this.absent.set(name, true);
        return undefined;
      }
      head = { id: row[0], name, lastRevision: Math.max(row[1], this.newestRevision(row[0])) };
      this.heads.set(name, head);
    }
    return head;
  }

  nameOf = (id: number): string => {
    let name = this.names.get(id);
    if (name === undefined) {
      const row = this.byId.get(id) as [string] | undefined;
      name = row?.[0] ?? '';
      this.names.set(id, name);
    }
    return name;
  };

  create(name: string): StreamHead {
    const result = this.insert.run(name);
    const head = { id: Number(result.lastInsertRowid), name, lastRevision: -1 };
    this.heads.set(name, head);
    this.absent.delete(name);
    return head;
  }

  /** Keeps the newest revision of a stream whose event of this revision is erased. */
  keepRevision(streamId: number, revision: number): void {
    this.update.run(revision, streamId);
  }

  /** After a rollback: what the cache knows may never have happened. */
  forget(): void {
    this.heads.clear();
    this.absent.clear();
    this.names.clear();
  }
}
