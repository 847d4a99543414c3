import Database from 'libsql';
import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export type SqliteDatabase = Database.Database;

/** A reason why a node refuses to start, in one line a person can act on. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

/** The name of the file, in the data folder, that holds everything. */
export const DATABASE_FILE = 'events.db';

/** Marks our files ("LKES"), so that some other program's database is not taken for one. */
const APPLICATION_ID = 0x4c4b4553;

/**
 * Version 1 wrote a stream's newest revision with each append; since version 2 it follows from the events, and
 * `streams.last_revision` is no more than what is left of those that were erased.
 */
const SCHEMA_VERSION = 2;

/**
 * Opens (or creates) the database of a node and takes it for this process alone. The lock is the operating system's
 * and goes with the process, however that ends.
 * @param dataDir a folder, made if absent; `:memory:` keeps everything in memory
 * @throws StartRefused when another process has it, or when the file is not sound
 */
export function openDatabase(dataDir: string): SqliteDatabase {
  const inMemory = dataDir === ':memory:';
  const path = inMemory ? ':memory:' : join(dataDir, DATABASE_FILE);
  let db: SqliteDatabase | undefined;
  try {
    if (!inMemory && !existsSync(path)) createFile(dataDir, path);
    if (!inMemory && statSync(path).size === 0)
      throw new StartRefused(`the file ${path} is empty; restore it from a backup`);
    db = new Database(path);
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    db.pragma('cache_size = -16000');
    db.pragma('wal_autocheckpoint = 4000');
    db.exec('BEGIN IMMEDIATE');
    if (inMemory) createSchema(db);
    db.exec('COMMIT');
    checkIdentity(db, path);
    upgrade(db);
    return db;
  } catch (error) {
    if (db) abandonDatabase(db);
    throw refusal(error, dataDir);
  }
}

/**
 * Lets go of the database: the log goes into the file and the lock is free. Closing alone would keep the lock until
 * the last prepared statement is collected.
 */
export function closeDatabase(db: SqliteDatabase): void {
  db.pragma('journal_mode = DELETE');
  db.pragma('locking_mode = NORMAL');
  db.prepare('SELECT count(*) FROM sqlite_master').all();
  db.close();
}

/**
 * Rolls back what is under way. Some errors (a full disk) have done so already; a rollback that fails must not hide
 * what it was for.
 */
export function rollBack(db: SqliteDatabase): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK');
  } catch {
    // The error to be told is the one that came first.
  }
}

/** Lets go of a database that may not be sound, or not ours. */
export function abandonDatabase(db: SqliteDatabase): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK');
    closeDatabase(db);
  } catch {
    // It was not ours, or is not sound: there is nothing to put in order.
    db.close();
  }
}

/**
 * Makes a new database under another name first: what has the right name is whole, so that an empty or half-written
 * file under it is damage.
 */
function createFile(dataDir: string, path: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  const db = new Database(unfinished);
  createSchema(db);
  closeDatabase(db);
  // For its owner alone, as the logs that SQLite puts beside it then are.
  chmodSync(unfinished, 0o600);
  try {
    // Unlike a rename it leaves alone what another process may have made in the meantime.
    linkSync(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

function createSchema(db: SqliteDatabase): void {
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  db.exec(`
    CREATE TABLE streams (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      last_revision INTEGER NOT NULL
    );
    CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  `);
}

function checkIdentity(db: SqliteDatabase, path: string): void {
  if (numberOf(db, 'application_id') !== APPLICATION_ID) {
    throw new StartRefused(`${path} is a database of something else`);
  }
  const version = numberOf(db, 'user_version');
  if (version < 1 || version > SCHEMA_VERSION) {
    throw new StartRefused(`${path} has format ${version}; this node reads formats 1 to ${SCHEMA_VERSION}`);
  }
}

/** What version 1 wrote is right in version 2 as it stands; the number keeps earlier programs from reading it. */
function upgrade(db: SqliteDatabase): void {
  if (numberOf(db, 'user_version') < SCHEMA_VERSION) db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function numberOf(db: SqliteDatabase, pragma: string): number {
  return (db.prepare(`PRAGMA ${pragma}`).raw().all() as [[number]])[0][0];
}

/** Any failure to open or read the database as one line a person can act on. */
export function refusal(error: unknown, dataDir: string): Error {
  const path = dataDir === ':memory:' ? dataDir : join(dataDir, DATABASE_FILE);
  if (error instanceof StartRefused) return error;
  const code = (error as { code?: string }).code ?? '';
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StartRefused(`the data folder ${dataDir} is in use by another process`);
  }
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) {
    return new StartRefused(`the file ${path} is damaged (${message}); restore it from a backup`);
  }
  return new StartRefused(`the file ${path} cannot be opened: ${message}`);
}
