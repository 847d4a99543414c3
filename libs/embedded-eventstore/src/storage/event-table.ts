import { checksum, DamagedEvent } from './checksum';
import { type SqliteDatabase } from './database';
import { type StoredEvent } from './stored-event';

const COLUMNS = 'position, stream, revision, id, type, created, is_json, data, metadata, checksum';
const COLUMNS_OF_EVENT = COLUMNS.replace(/\w+/g, 'event.$&');
type Row = [
  number,
  number,
  number,
  Uint8Array,
  string,
  number,
  number,
  Uint8Array | null,
  Uint8Array | null,
  number,
];
/** What a page of events may take in memory, bytes, save for a single event that is larger. */
const PAGE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);

interface Statement {
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
}

/** One table of events with its two indexes, and the statements that read and write it. */
export class EventTable {
  private readonly statements = new Map<string, Statement>();
  private readonly insertion: string;

  constructor(
    private readonly db: SqliteDatabase,
    readonly name: string,
    private readonly nameOf: (streamId: number) => string,
    /** No event is larger than this, bytes. */
    private readonly largestEvent: () => number,
  ) {
    this.insertion = `INSERT INTO ${name} (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    db.exec(`
      CREATE TABLE IF NOT EXISTS ${name} (
        position INTEGER PRIMARY KEY,
        stream INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        id BLOB NOT NULL,
        type TEXT NOT NULL,
        created INTEGER NOT NULL,
        is_json INTEGER NOT NULL,
        data BLOB,
        metadata BLOB,
        checksum INTEGER NOT NULL
      );
      CREATE UNIQUE INDEX IF NOT EXISTS ${name}_by_stream ON ${name} (stream, revision);
      CREATE INDEX IF NOT EXISTS ${name}_by_id ON ${name} (stream, id);
    `);
  }

  insert(event: StoredEvent): void {
    this.statement(this.insertion).run([
      event.position,
      event.streamId,
      event.revision,
      event.id,
      event.type,
      event.created,
      event.isJson ? 1 : 0,
      event.data.length === 0 ? null : event.data,
      event.metadata.length === 0 ? null : event.metadata,
      checksum(event.revision, event),
    ]);
  }

  /** Puts the data and metadata of an event in the place of those that it had, where the table has it. */
  replace(event: StoredEvent): void {
    const sql = `UPDATE ${this.name} SET data = ?, metadata = ?, checksum = ? WHERE stream = ? AND revision = ?`;
    this.statement(sql).run([
      event.data.length === 0 ? null : event.data,
      event.metadata.length === 0 ? null : event.metadata,
      checksum(event.revision, event),
      event.streamId,
      event.revision,
    ]);
  }

  /** The newest position in the table, or -1. */
  lastPosition(): number {
    const [row] = this.statement(`SELECT max(position) FROM ${this.name}`).all() as [[number | null]];
    return row[0] ?? -1;
  }

  /** The newest revision of the stream in the table, or -1. */
  lastRevision(streamId: number): number {
    const row = this.statement(`SELECT max(revision) FROM ${this.name} WHERE stream = ?`).get(streamId);
    return (row as [number | null] | undefined)?.[0] ?? -1;
  }

  at(position: number): StoredEvent | undefined {
    return this.one('WHERE position = ?', position);
  }

  /** Events with a position above `position`, oldest first. */
  after(position: number, limit: number): StoredEvent[] {
    return this.page('WHERE position > ? ORDER BY position', [position], limit);
  }

  /** The first position above `position` at which an event is. */
  nextPosition(position: number): number | undefined {
    const row = this.statement(`SELECT min(position) FROM ${this.name} WHERE position > ?`).get(position);
    return (row as [number | null])[0] ?? undefined;
  }

  /** Events above one position and up to another, oldest first, of streams whose names begin with one of these. */
  between(after: number, upTo: number, prefixes: readonly string[]): StoredEvent[] {
    const named = prefixes.map(() => 'substr(streams.name, 1, length(?)) = ?').join(' OR ');
    const rows = this.statement(
      `SELECT ${COLUMNS_OF_EVENT}, streams.name FROM ${this.name} AS event JOIN streams ON streams.id = event.stream
       WHERE event.position > ? AND event.position <= ? AND (${named}) ORDER BY event.position`,
    ).all(after, upTo, ...prefixes.flatMap((prefix) => [prefix, prefix])) as [...Row, string][];
    return rows.map((row) => this.event(row as unknown as Row, row[10]));
  }

  /** Events with a position below `position`, newest first. */
  before(position: number, limit: number): StoredEvent[] {
    return this.page('WHERE position < ? ORDER BY position DESC', [position], limit);
  }

  /** Events of a stream from `revision` upwards. */
  ofStream(streamId: number, revision: number, limit: number): StoredEvent[] {
    return this.page('WHERE stream = ? AND revision >= ? ORDER BY revision', [streamId, revision], limit);
  }

  /** Events of a stream from `revision` down to `lowest`. */
  ofStreamBackwards(streamId: number, revision: number, lowest: number, limit: number): StoredEvent[] {
    return this.page(
      'WHERE stream = ? AND revision <= ? AND revision >= ? ORDER BY revision DESC',
      [streamId, revision, lowest],
      limit,
    );
  }

  /** When the first event of the stream from `revision` on was written, ms; undefined when there is none. */
  createdFrom(streamId: number, revision: number): number | undefined {
    const row = this.statement(
      `SELECT created FROM ${this.name} WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT 1`,
    ).get(streamId, revision) as [number] | undefined;
    return row?.[0];
  }

  deleteUpTo(position: number): void {
    this.statement(`DELETE FROM ${this.name} WHERE position <= ?`).run(position);
  }

  /** Lets go of the table, which is about to be dropped. */
  release(): void {
    this.statements.clear();
  }

  ofRevision(streamId: number, revision: number): StoredEvent | undefined {
    return this.one('WHERE stream = ? AND revision = ?', streamId, revision);
  }

  /** The newest event of the stream with this id; by position, for that order the index has already. */
  ofId(streamId: number, id: Uint8Array): StoredEvent | undefined {
    return this.one('WHERE stream = ? AND id = ? ORDER BY position LIMIT 1', streamId, id);
  }

  private one(clause: string, ...values: unknown[]): StoredEvent | undefined {
    const row = this.statement(`SELECT ${COLUMNS} FROM ${this.name} ${clause}`).get(...values);
    return row === undefined ? undefined : this.event(row as Row);
  }

  /**
   * A page of events: as many as are asked for, or fewer when they are large, but at least one if there is one. So an
   * empty page, and only that, is the end.
   */
  private page(clause: string, values: readonly number[], limit: number): StoredEvent[] {
    const fitting = limit * this.largestEvent() > PAGE_BYTES ? this.fitting(clause, values, limit) : limit;
    return this.many(`${clause} LIMIT ?`, ...values, fitting);
  }

  /** How many of these events make up a page. Their lengths are known without reading them. */
  private fitting(clause: string, values: readonly number[], limit: number): number {
    const sql = `SELECT ifnull(length(data), 0) + ifnull(length(metadata), 0) FROM ${this.name} ${clause} LIMIT ?`;
    const lengths = this.statement(sql).all(...values, limit) as [number][];
    let bytes = 0;
    const over = lengths.findIndex(([length]) => (bytes += length) > PAGE_BYTES);
    return over < 0 ? limit : Math.max(1, over);
  }

  private many(clause: string, ...values: unknown[]): StoredEvent[] {
    const rows = this.statement(`SELECT ${COLUMNS} FROM ${this.name} ${clause}`).all(...values) as Row[];
    return rows.map((row) => this.event(row));
  }

  /** @throws DamagedEvent */
  private event(row: Row, stream = this.nameOf(row[1])): StoredEvent {
    const event: StoredEvent = {
      position: row[0],
      streamId: row[1],
      stream,
      revision: row[2],
      id: row[3],
      type: row[4],
      created: row[5],
      isJson: row[6] === 1,
      data: row[7] ?? NOTHING,
      metadata: row[8] ?? NOTHING,
    };
    if (checksum(event.revision, event) !== row[9]) throw new DamagedEvent(event.position);
    return event;
  }

  private statement(sql: string): Statement {
    let statement = this.statements.get(sql);
    if (!statement) {
      const prepared = this.db.prepare(sql);
      statement = sql.startsWith('SELECT') ? prepared.raw() : prepared;
      this.statements.set(sql, statement);
    }
    return statement;
  }
}
