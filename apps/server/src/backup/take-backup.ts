import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyDatabase, copyDatabaseOfOther, damageOf } from '@latchkey/database';
import { DATABASE_FILE } from '@latchkey/embedded-eventstore';
import { type Config, iso } from '@latchkey/platform';
import { archiveFolder } from '../stores/facts-store';
import { lockArchive } from '../start/retention';
import { closed, copied, wholeFolder } from './closed-files';
import { holdFacts } from './held-facts';
import { hashOf, type Manifest, MANIFEST } from './manifest';
import { BackupRefused } from './backup-refused';

const FACTS = `eventstore/${DATABASE_FILE}`;
/** Of the event store's folder, beside the facts: what subscribers know the node by. */
const OF_NODE = ['eventstore/tls', 'eventstore/admin.password'];
/** The world outside, which in a sandbox is ours to keep as well. */
const LOCK_CLOUD = 'lock-cloud/lock-cloud.db';
const CLOCK = 'clock.json';
const KEY = 'vault.key';
/** Facts of what ended long ago, wherever their folder is. */
const ARCHIVE = 'archive';

/**
 * Backs up the data folder of an embedded server, which may run and be written to meanwhile, into a folder that is not
 * there yet. It has every fact that was acknowledged before; the vault and the records are as new as the facts, or newer.
 * @param options.withKey whether the master key goes with it, where it is in the data folder
 * @param options.now what the server's clock reads, ms
 * @throws {BackupRefused} in one line; then nothing is left of it
 */
export function takeBackup(
  config: Config,
  out: string,
  options: { readonly withKey: boolean; readonly now: number },
): Promise<Manifest> {
  if (config.eventstoreUrl !== undefined) {
    throw new BackupRefused(
      'EVENTSTORE_URL is set: back up with the tools of the stores, in this order: the event store, then pg_dump ' +
        '--schema=vault --schema=records of PostgreSQL, then VAULT_KEY. docs/operations.md says how.',
    );
  }
  return wholeFolder(out, async (folder) => {
    // Facts that move into the archive meanwhile would be in neither copy.
    const archive = lockArchive(config);
    if (!archive) throw new BackupRefused('Facts are being archived just now: try again when that is done.');
    try {
      // The facts first: what they need of the other stores is there by then.
      const facts = await holdFacts(config);
      try {
        await copyAll(config, folder, options.withKey);
      } catch (error) {
        facts.abandon();
        throw error;
      }
      await facts.release();
    } finally {
      archive.release();
    }
    return check(config, folder, options);
  });
}

async function copyAll(config: Config, folder: string, withKey: boolean): Promise<void> {
  const { dataDir, databaseUrl, vaultKey, sandbox } = config;
  const database = async (
    name: string,
    copy: (from: string, to: string) => void | Promise<void> = copyDatabase,
  ): Promise<void> => {
    await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 });
    await copy(join(dataDir, name), join(folder, name));
    await closed(join(folder, name));
  };
  const file = (name: string): Promise<void> => copied(join(dataDir, name), join(folder, name));
  if (databaseUrl === undefined) for (const name of ['vault.db', 'records.db']) await database(name);
  if (withKey && vaultKey === undefined) await file(KEY);
  for (const name of OF_NODE.flatMap((below) => filesBelow(dataDir, below))) await file(name);
  if (sandbox) {
    if (existsSync(join(dataDir, CLOCK))) await file(CLOCK);
    if (existsSync(join(dataDir, LOCK_CLOUD))) await database(LOCK_CLOUD, copyDatabaseOfOther);
  }
  const archive = archiveFolder(config);
  for (const name of filesBelow(archive, '.').filter((each) => each.endsWith('.facts')))
    await copied(join(archive, name), join(folder, ARCHIVE, name));
  await file(FACTS);
}

/** What is copied has to be sound; then it is said what there is. */
async function check(
  { databaseUrl, vaultKey, sandbox }: Config,
  folder: string,
  { withKey, now }: { readonly withKey: boolean; readonly now: number },
): Promise<Manifest> {
  const files: Manifest['files'] = [];
  for (const name of filesBelow(folder, '.')) {
    const path = join(folder, name);
    const damage = name.endsWith('.db') ? damageOf(path) : undefined;
    if (damage !== undefined) throw new BackupRefused(`${name} is damaged: ${damage}`);
    // Whoever only reads a database leaves these beside it; nobody else has this copy open.
    for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    files.push({ name, bytes: statSync(path).size, sha256: await hashOf(path) });
  }
  const manifest: Manifest = {
    format: 1,
    made_at: new Date().toISOString(),
    facts_end_at: iso(now),
    sandbox,
    databases: databaseUrl === undefined ? 'included' : 'postgresql',
    master_key: vaultKey !== undefined ? 'VAULT_KEY' : withKey ? 'included' : 'left out',
    files,
  };
  const file = join(folder, MANIFEST);
  await writeFile(file, `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx' });
  await closed(file);
  return manifest;
}

/** The files there, with their folders before their names; none where there is nothing. */
function filesBelow(root: string, below: string): string[] {
  const path = join(root, below);
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [below];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => {
      const name = below === '.' ? entry.name : `${below}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(root, name) : entry.isFile() ? [name] : [];
    })
    .sort();
}
