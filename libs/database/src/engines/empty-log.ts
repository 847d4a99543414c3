import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { type Engine } from './engine';

const ATTEMPTS = 100;
const PAUSE = 20;

/**
 * Empties SQLite's write-ahead log, which holds old pages until then. On PostgreSQL there is nothing that we can do:
 * old row versions go with autovacuum, its log with the server's own settings.
 * @throws Error if another process keeps reading the file
 */
export async function emptyLog<T>(db: Kysely<T>, engine: Engine): Promise<void> {
  if (engine === 'postgres') return;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
    if (rows[0]?.busy === 0) return;
    await delay(PAUSE);
  }
  throw new Error("Another process reads the database, so that erased content is still in the file's log.");
}
