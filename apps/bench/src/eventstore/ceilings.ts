import Database from 'libsql';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Inserts of ~300 bytes a second into a bare libsql table, each commit an fsync. */
export function bareInserts(folder: string, commits: number, perCommit: number): number {
  const db = new Database(join(folder, `bare-${perCommit}-${randomBytes(4).toString('hex')}.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE events (position INTEGER PRIMARY KEY, data BLOB)');
  const insert = db.prepare('INSERT INTO events (data) VALUES (?)');
  // In a list: a lone object would be taken for named parameters.
  const data = randomBytes(300);
  const begun = performance.now();
  for (let commit = 0; commit < commits; commit += 1) {
    db.exec('BEGIN');
    for (let n = 0; n < perCommit; n += 1) insert.run([data]);
    db.exec('COMMIT');
  }
  const seconds = (performance.now() - begun) / 1000;
  db.close();
  return (commits * perCommit) / seconds;
}
