import { type Kysely, sql } from 'kysely';
import { Worker } from 'node:worker_threads';

/** How long it waits for readers and writers of the file, ms. */
const WAITS_MS = 30_000;

/**
 * What the thread does, as it is: it runs from sources and compiled alike. A checkpoint that can't be made whole leaves
 * old pages in the log.
 */
const THREAD = `
  const { parentPort, workerData: { libsql, file, waits } } = require('node:worker_threads');
  const Libsql = require(libsql);
  const db = new Libsql(file);
  db.pragma('busy_timeout = ' + waits);
  db.exec('VACUUM');
  const [row] = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  db.close();
  parentPort.postMessage(row.busy === 0);
`;

/**
 * Writes a SQLite file again, with nothing in it but what it has now: neither in free pages, nor in the gaps of others,
 * nor in its log. In a thread, since it takes as long as copying it does; who writes to it waits meanwhile.
 * @throws Error where others keep the file busy
 */
export async function compactFile(file: string): Promise<void> {
  const workerData = { libsql: require.resolve('libsql'), file, waits: WAITS_MS };
  const emptied = await new Promise<boolean>((resolve, reject) => {
    const thread = new Worker(THREAD, { eval: true, workerData });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the thread that compacts ${file} ended with ${code}`)));
  });
  if (!emptied) throw new Error(`others read ${file}, so that its log still has what was erased`);
}

/** Frees old versions of rows in the tables of a PostgreSQL schema. Its own log keeps them for as long as it is set to. */
export async function vacuumSchema<T>(db: Kysely<T>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(db);
  for (const { name } of rows) await sql`vacuum ${sql.id(name)}`.execute(db);
}
