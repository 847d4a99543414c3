import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Libsql from 'libsql';
import { prepareTables } from './schema';

/** A prepared statement: parameters in, rows of type R out. */
export interface Query<P extends unknown[], R = unknown> {
  run(...parameters: P): void;
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
}

/** What is kept in memory beside the file: written with the transaction that changes it, or put back as it was. */
export interface Kept {
  /** How many statements `write` takes. */
  readonly changes: number;
  write(): void;
  /** What `write` wrote is in the file. */
  written(): void;
  undo(): void;
}

/** What has left the locks' memories is in no file any more after this long, ms by the machine's clock. */
export const EMPTIED_EVERY_MS = 1000;

/**
 * The cloud's memory: one SQLite file, held exclusively, so that two clouds never share it.
 * WAL with synchronous NORMAL: what was answered survives a kill of the process (not a power cut), which is
 * what a simulated cloud needs, at a few microseconds a write.
 */
export class CloudDatabase {
  private readonly db: Libsql.Database;
  private readonly begin: Query<[]>;
  private readonly commit: Query<[]>;
  private readonly rollback: Query<[]>;
  private readonly checkpoint: Query<[], { busy: number }>;
  private readonly kept: Kept[] = [];
  private open = true;
  private inTransaction = false;
  /** SQLite's own transaction has begun: only for what is more than one statement. */
  private begun = false;
  private logIsEmpty = false;
  private readonly emptying: NodeJS.Timeout;

  constructor(private readonly dataDir: string) {
    this.db = openFile(dataDir);
    this.begin = this.compile('BEGIN IMMEDIATE');
    this.commit = this.compile('COMMIT');
    this.rollback = this.compile('ROLLBACK');
    this.checkpoint = this.compile('PRAGMA wal_checkpoint(TRUNCATE)');
    this.emptying = setInterval(() => this.emptyLog(), EMPTIED_EVERY_MS).unref();
  }

  /** What a statement runs within `transact` is part of the transaction. */
  prepare<P extends unknown[], R = unknown>(sql: string): Query<P, R> {
    const query = this.compile<P, R>(sql);
    return {
      run: (...parameters) => {
        if (this.inTransaction) this.beginOnce();
        this.logIsEmpty = false;
        query.run(...parameters);
      },
      get: (...parameters) => query.get(...parameters),
      all: (...parameters) => query.all(...parameters),
    };
  }

  /** A statement of what is kept: `transact` knows how many of them it stores at once. */
  compile<P extends unknown[], R = unknown>(sql: string): Query<P, R> {
    return this.db.prepare(sql) as unknown as Query<P, R>;
  }

  /** From now on a part of each transaction. */
  keep(kept: Kept): void {
    this.kept.push(kept);
  }

  /** Runs `work` (synchronous) as one unit: all of it is stored, or, if it throws, none. Nested calls join. */
  transact<T>(work: () => T): T {
    if (this.inTransaction) return work();
    this.inTransaction = true;
    try {
      const result = work();
      this.store();
      return result;
    } catch (error) {
      this.undo();
      throw error;
    } finally {
      this.inTransaction = false;
      this.begun = false;
    }
  }

  private beginOnce(): void {
    if (this.begun) return;
    this.begin.run();
    this.begun = true;
  }

  private store(): void {
    let changes = 0;
    for (const kept of this.kept) changes += kept.changes;
    if (changes > 0) this.logIsEmpty = false;
    if (changes > 1) this.beginOnce();
    for (const kept of this.kept) if (kept.changes > 0) kept.write();
    if (this.begun) this.commit.run();
    for (const kept of this.kept) kept.written();
  }

  /** The write-ahead log has old pages, and so what was deleted from them. What can't be done now is done later. */
  private emptyLog(): void {
    if (this.dataDir === ':memory:' || this.inTransaction || this.logIsEmpty) return;
    try {
      this.logIsEmpty = this.checkpoint.all()[0]?.busy === 0;
    } catch {
      // A full disk: what was answered stands in the log.
    }
  }

  /** Some errors (a full disk) have rolled it back already; a rollback that fails must not hide what it was for. */
  private undo(): void {
    for (const kept of this.kept) kept.undo();
    try {
      if (this.db.inTransaction) this.rollback.run();
    } catch {
      // The error that is thrown is the one that came first.
    }
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    clearInterval(this.emptying);
    // The driver keeps the file until its statements are collected; giving the lock up by hand lets the
    // next cloud, maybe in this very process, have it at once.
    this.db.exec('PRAGMA journal_mode = DELETE');
    this.db.exec('PRAGMA locking_mode = NORMAL');
    this.db.exec('SELECT 1 FROM clock LIMIT 1');
    this.db.close();
  }
}

function openFile(dataDir: string): Libsql.Database {
  const inMemory = dataDir === ':memory:';
  try {
    if (!inMemory) makeFolder(resolve(dataDir));
    const db = new Libsql(inMemory ? ':memory:' : fileIn(dataDir));
    db.exec('PRAGMA secure_delete = ON');
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec('BEGIN IMMEDIATE');
    db.exec('COMMIT');
    prepareTables(db);
    return db;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/locked|busy/i.test(reason))
      throw new Error(`The data folder ${dataDir} is in use by another process.`, { cause: error });
    throw new Error(`The data folder ${dataDir} cannot be used: ${reason}`, { cause: error });
  }
}

const fileIn = (dataDir: string): string => join(dataDir, 'lock-cloud.db');

/** Level by level: Node's own recursive mkdir never returns where a parent can't be made, as under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Whether the file could not be written or read now: the same may go through later. */
export function isStorageFault(error: unknown): boolean {
  return /^SQLITE_(FULL|IOERR|NOMEM|READONLY|BUSY)/.test(String((error as { code?: unknown } | null)?.code));
}
