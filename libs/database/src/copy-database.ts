import { closeSync, copyFileSync, existsSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Libsql from 'libsql';

/**
 * Copies a SQLite file that others may be writing: the copy is the database as of one instant, without what has been
 * deleted from it. It blocks this process.
 * @throws Error ENOENT where the file does not exist, EEXIST where the copy does, SQLITE_FULL on a full disk; then nothing is left
 */
export function copyDatabase(from: string, to: string): void {
  if (!existsSync(from)) throw Object.assign(new Error(`There is no ${from}.`), { code: 'ENOENT' });
  if (existsSync(to)) throw Object.assign(new Error(`${to} is there already.`), { code: 'EEXIST' });
  const connection = new Libsql(from);
  try {
    connection.pragma('busy_timeout = 5000');
    connection.pragma('temp_store = MEMORY');
    connection.prepare('VACUUM INTO ?').run([to]);
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  } finally {
    connection.close();
  }
}

const TRIES = 50;
const PAUSE_MS = 20;
/** Of SQLite's log: it changes whenever the log begins again. */
const LOG_HEADER = 32;

/**
 * Copies a SQLite file that another process keeps to itself, with its log. When the log is written into the file
 * meanwhile, it is copied once more.
 * @throws Error where the file changed during every try; then nothing is left
 */
export async function copyDatabaseOfOther(from: string, to: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = standOf(from);
    copyFileSync(from, to);
    if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
    if (standOf(from) === before) return intoOneFile(to);
    for (const end of ['', '-wal']) rmSync(`${to}${end}`, { force: true });
    await delay(PAUSE_MS);
  }
  throw new Error(`${from} changes too fast to be copied`);
}

/** The same before and after: nothing went from the log into the file meanwhile. */
function standOf(file: string): string {
  const { mtimeNs, size } = statSync(file, { bigint: true });
  const header = Buffer.alloc(LOG_HEADER);
  if (existsSync(`${file}-wal`)) {
    const log = openSync(`${file}-wal`, 'r');
    readSync(log, header, 0, LOG_HEADER, 0);
    closeSync(log);
  }
  return `${mtimeNs} ${size} ${header.toString('hex')}`;
}

function intoOneFile(file: string): void {
  const connection = new Libsql(file);
  connection.pragma('journal_mode = DELETE');
  connection.close();
}

/** @returns what is wrong with the structure of a SQLite file that no other process has open; undefined: nothing */
export function damageOf(file: string): string | undefined {
  const connection = new Libsql(file);
  try {
    const [row] = connection.prepare('PRAGMA quick_check(1)').all([]) as [{ quick_check: string }];
    return row.quick_check === 'ok' ? undefined : row.quick_check;
  } catch (error) {
    return (error as Error).message;
  } finally {
    connection.close();
  }
}
