import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Libsql from 'libsql';

/** A prepared statement: parameters in, rows of type R out. */
export interface Query<P extends unknown[], R = unknown> {
  run(...parameters: P): void;
  get(...parameters: P): R | undefined;
  all(...parameters: P): R[];
}

const schema = `
  CREATE TABLE IF NOT EXISTS clock (
    id INTEGER PRIMARY KEY CHECK (id = 1), now INTEGER NOT NULL, wall INTEGER NOT NULL,
    running INTEGER NOT NULL, activity INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (
    seq INTEGER PRIMARY KEY, account_id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS account_tenants (
    account_id TEXT NOT NULL, tenant TEXT NOT NULL, PRIMARY KEY (account_id, tenant)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS authorization_codes (
    code_hash TEXT PRIMARY KEY, account_id TEXT NOT NULL, redirect_uri TEXT, expires_at INTEGER NOT NULL,
    grant_id TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0, code_challenge TEXT) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS authorization_codes_by_expiry ON authorization_codes (expires_at);
  CREATE TABLE IF NOT EXISTS tokens (
    token_hash TEXT PRIMARY KEY, kind TEXT NOT NULL, account_id TEXT NOT NULL, grant_id TEXT NOT NULL,
    expires_at INTEGER) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tokens_by_expiry ON tokens (expires_at);
  CREATE INDEX IF NOT EXISTS tokens_by_grant ON tokens (grant_id);
  CREATE TABLE IF NOT EXISTS locks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, lock_id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL,
    name TEXT NOT NULL, abilities TEXT NOT NULL, faults TEXT NOT NULL, lock_state TEXT NOT NULL,
    random_state INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS locks_by_account ON locks (account_id, seq);
  CREATE TABLE IF NOT EXISTS codes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, access_code_id TEXT NOT NULL UNIQUE, lock_id TEXT NOT NULL,
    name TEXT NOT NULL, code TEXT NOT NULL, starts_at INTEGER, ends_at INTEGER, status TEXT NOT NULL,
    planned TEXT, planned_code TEXT, deleting INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX IF NOT EXISTS codes_by_pin ON codes (lock_id, code);
  CREATE INDEX IF NOT EXISTS codes_by_lock ON codes (lock_id, seq);
  CREATE INDEX IF NOT EXISTS codes_by_planned_pin ON codes (lock_id, planned_code) WHERE planned_code IS NOT NULL;
  CREATE TABLE IF NOT EXISTS one_time_codes (access_code_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, lock_id TEXT NOT NULL, kind TEXT NOT NULL,
    subject_id TEXT NOT NULL, payload TEXT NOT NULL, due_at INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS operations_by_due ON operations (due_at, seq);
  CREATE INDEX IF NOT EXISTS operations_by_lock ON operations (lock_id, due_at);
  CREATE INDEX IF NOT EXISTS operations_by_subject ON operations (subject_id, seq);
  CREATE TABLE IF NOT EXISTS subscriptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL,
    url TEXT NOT NULL, events TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    blocked_until INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, url)) STRICT;
  CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, body TEXT NOT NULL,
    created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (webhook_id, due_at, seq);
`;

/** What has left the locks' memories is in no file any more after this long, ms by the machine's clock. */
export const EMPTIED_EVERY_MS = 1000;
/** Of a file from which deleted content is wiped; those of earlier versions still hold some. */
const WIPED = 1;

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
  private open = true;
  private inTransaction = false;
  private readonly emptying: NodeJS.Timeout;

  constructor(private readonly dataDir: string) {
    this.db = openFile(dataDir);
    this.db.exec(schema);
    addMissingColumns(this.db);
    this.begin = this.prepare('BEGIN IMMEDIATE');
    this.commit = this.prepare('COMMIT');
    this.rollback = this.prepare('ROLLBACK');
    this.emptying = setInterval(() => this.emptyLog(), EMPTIED_EVERY_MS).unref();
  }

  prepare<P extends unknown[], R = unknown>(sql: string): Query<P, R> {
    return this.db.prepare(sql) as unknown as Query<P, R>;
  }

  /** Runs `work` (synchronous) as one unit: all of it is stored, or, if it throws, none. Nested calls join. */
  transact<T>(work: () => T): T {
    if (this.inTransaction) return work();
    this.begin.run();
    this.inTransaction = true;
    try {
      const result = work();
      this.commit.run();
      return result;
    } catch (error) {
      this.undo();
      throw error;
    } finally {
      this.inTransaction = false;
    }
  }

  /** The write-ahead log has old pages, and so what was deleted from them. What can't be done now is done later. */
  private emptyLog(): void {
    if (this.dataDir === ':memory:' || this.inTransaction) return;
    try {
      const { size } = statSync(`${fileIn(this.dataDir)}-wal`);
      if (size > 0) this.db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // A full disk: what was answered stands in the log.
    }
  }

  /** Some errors (a full disk) have rolled it back already; a rollback that fails must not hide what it was for. */
  private undo(): void {
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

/** A file that an earlier version made lacks what has come since. */
function addMissingColumns(db: Libsql.Database): void {
  const columns = db.prepare('PRAGMA table_info(authorization_codes)').all([]) as { name: string }[];
  if (!columns.some(({ name }) => name === 'code_challenge'))
    db.exec('ALTER TABLE authorization_codes ADD COLUMN code_challenge TEXT');
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
    if (!inMemory) wipeOnce(db);
    return db;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/locked|busy/i.test(reason))
      throw new Error(`The data folder ${dataDir} is in use by another process.`, { cause: error });
    throw new Error(`The data folder ${dataDir} cannot be used: ${reason}`, { cause: error });
  }
}

const fileIn = (dataDir: string): string => join(dataDir, 'lock-cloud.db');

function wipeOnce(db: Libsql.Database): void {
  const [{ user_version: wiped }] = db.prepare('PRAGMA user_version').all([]) as [{ user_version: number }];
  if (wiped >= WIPED) return;
  db.exec('VACUUM');
  db.exec(`PRAGMA user_version = ${WIPED}`);
}

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
