import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { BackupRefused } from './backup-refused';

/** Written last: a folder without it is no whole backup. */
export const MANIFEST = 'backup.json';

/** Names of files in a data folder, with `/` between their folders; nothing that leads out of it. */
const NAME = /^(?!.*\.\.)[\w.-]+(\/[\w.-]+)*$/;

const manifest = z.object({
  format: z.literal(1),
  made_at: z.string(),
  /** By the server's clock: when the last of its facts can have happened. */
  facts_end_at: z.string(),
  sandbox: z.boolean(),
  /** Where the records and the vault are: in the backup, or in a PostgreSQL database that is backed up apart. */
  databases: z.enum(['included', 'postgresql']),
  /** The master key: in the backup, left out on request, or a setting. */
  master_key: z.enum(['included', 'left out', 'VAULT_KEY']),
  files: z.array(z.object({ name: z.string().regex(NAME), bytes: z.number(), sha256: z.string() })),
});

/** What a backup says of itself. */
export type Manifest = z.infer<typeof manifest>;

/** @throws {BackupRefused} where the folder is no whole backup of a known kind */
export function readManifest(folder: string): Manifest {
  let text: string;
  try {
    text = readFileSync(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new BackupRefused(`${folder} is no whole backup: it has no ${MANIFEST}, which is written last.`);
  }
  try {
    return manifest.parse(JSON.parse(text));
  } catch {
    throw new BackupRefused(`${join(folder, MANIFEST)} is damaged, or of a newer version.`);
  }
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
