import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openDatabase, tablesOf } from '@latchkey/database';
import { MINUTE } from '@latchkey/platform';
import { sql } from 'kysely';
import { closed, copied, wholeFolder } from './closed-files';
import { hashOf, type Manifest, readManifest } from './manifest';
import { BackupRefused, meaningOf } from './backup-refused';

/** An answer that was being given then may be of a fact that is not there any more. */
const UNDER_WAY_MS = MINUTE;

/**
 * Makes a data folder of a backup. The server's first start there folds the views.
 * @param to a folder that is not there yet, or is empty
 * @throws {BackupRefused} in one line; then nothing is left of it
 */
export async function restoreBackup(from: string, to: string): Promise<Manifest> {
  const manifest = readManifest(from);
  const folder = resolve(to);
  if (existsSync(folder)) {
    if (readdirSync(folder).length > 0) throw new BackupRefused(`${to} is there already, and is not empty.`);
    rmdirSync(folder);
  }
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw meaningOf(error, dirname(folder));
  });
  await wholeFolder(folder, async (unfinished) => {
    for (const file of manifest.files) {
      const path = join(unfinished, file.name);
      await copied(join(from, file.name), path);
      if ((await hashOf(path)) !== file.sha256)
        throw new BackupRefused(`${join(from, file.name)} is not what was backed up: the backup is damaged.`);
    }
    if (manifest.databases === 'included')
      await forgetAnswers(join(unfinished, 'records.db'), Date.parse(manifest.facts_end_at));
  });
  return manifest;
}

/** Records are newer than the facts: an answer for an Idempotency-Key may tell of what is not there. */
async function forgetAnswers(file: string, factsEndAt: number): Promise<void> {
  const database = await openDatabase<{ idempotency_keys: { created_at: number } }>({
    file,
    durability: 'full',
    secureDelete: true,
  });
  try {
    if (!(await tablesOf(database.db, database.engine)).includes('idempotency_keys')) return;
    await database.db
      .deleteFrom('idempotency_keys')
      .where('created_at', '>=', factsEndAt - UNDER_WAY_MS)
      .execute();
    await sql`pragma wal_checkpoint(truncate)`.execute(database.db);
  } finally {
    await database.close();
  }
  // Everything is in the file itself: nobody else has had it open.
  for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  await closed(file);
}
