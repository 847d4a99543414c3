import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DamagedEvent } from './checksum';
import { DATABASE_FILE, type SqliteDatabase, StartRefused } from './database';
import { type EventLog } from './event-log';

/** Files up to this size have their whole structure checked at the start (some 500 MB/s), bytes. */
const WHOLE_CHECK_UP_TO = 64 * 1024 * 1024;

/** How long the start may spend on reading events and comparing their checksums, ms. The newest come first. */
const BUDGET = 100;

/**
 * Checks, within a bounded time, that the file is what was written. What is not looked at here is compared with its
 * checksum whenever it is read.
 * @throws StartRefused when it is not
 */
export function checkIntegrity(db: SqliteDatabase, log: EventLog, dataDir: string): void {
  const path = join(dataDir, DATABASE_FILE);
  const damaged = (what: string): StartRefused =>
    new StartRefused(`the file ${path} is damaged (${what}); restore it from a backup`);
  if (dataDir !== ':memory:') {
    db.pragma('wal_checkpoint(TRUNCATE)');
    const size = statSync(path).size;
    const expected = numberOf(db, 'page_count') * numberOf(db, 'page_size');
    if (size < expected) throw damaged(`it has ${size} bytes of ${expected}`);
    if (size <= WHOLE_CHECK_UP_TO) {
      const [result] = db.prepare('PRAGMA quick_check(1)').raw().all() as [[string]];
      if (result[0] !== 'ok') throw damaged(result[0].split('\n').at(-1)!);
    }
  }
  try {
    readNewest(log);
  } catch (error) {
    if (error instanceof DamagedEvent) throw damaged(`the event at position ${error.position} has changed`);
    throw error;
  }
}

function readNewest(log: EventLog): void {
  const until = performance.now() + BUDGET;
  let position = Number.MAX_SAFE_INTEGER;
  while (performance.now() < until) {
    const page = log.before(position, 200);
    if (page.length === 0) return;
    position = page.at(-1)!.position;
  }
}

function numberOf(db: SqliteDatabase, pragma: string): number {
  return (db.prepare(`PRAGMA ${pragma}`).raw().all() as [[number]])[0][0];
}
