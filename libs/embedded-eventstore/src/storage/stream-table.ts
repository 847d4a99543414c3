import { BoundedCache } from './bounded-cache';
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

/** The streams of the log: names, numbers and newest revisions, with a bounded cache in front. */
export class StreamTable {
  private readonly heads = new BoundedCache<string, StreamHead>(20_000);
  private readonly names = new BoundedCache<number, string>(20_000);
  private readonly byName;
  private readonly byId;
  private readonly insert;
  private readonly update;

  constructor(db: SqliteDatabase) {
    this.byName = db.prepare('SELECT id, last_revision FROM streams WHERE name = ?').raw();
    this.byId = db.prepare('SELECT name FROM streams WHERE id = ?').raw();
    this.insert = db.prepare('INSERT INTO streams (name, last_revision) VALUES (?, -1)');
    this.update = db.prepare('UPDATE streams SET last_revision = ? WHERE id = ?');
  }

  find(name: string): StreamHead | undefined {
    let head = this.heads.get(name);
    if (!head) {
      const row = this.byName.get(name) as [number, number] | undefined;
      if (!row) return undefined;
      head = { id: row[0], name, lastRevision: row[1] };
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
    return head;
  }

  advance(head: StreamHead, lastRevision: number): void {
    this.update.run(lastRevision, head.id);
    head.lastRevision = lastRevision;
  }

  /** After a rollback: what the cache knows may never have happened. */
  forget(): void {
    this.heads.clear();
    this.names.clear();
  }
}
