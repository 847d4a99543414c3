import { join } from 'node:path';
import {
  type Config,
  loadMasterKey,
  openOldSecret,
  replaceMasterKey,
  settleMasterKey,
  StartupError,
  type Vault,
} from '@latchkey/platform';
import { type Database, openDatabase } from './database';
import { holdRecords, openRecords, type Records } from './records/records';
import { resealSecrets } from './records/reseal-secrets';
import { holdsKeys, isMasterKeyOf, isNewVault, openVaultWithKeyring, rekeyVault } from './vault/open-vault';

/** What the server keeps outside the event store. */
export interface Stores<Views> {
  records: Records;
  vault: Vault;
  /** Where the views live; they can all be dropped and rebuilt. */
  views: Database<Views>;
  /** Where the public events are made and listed: separate, since making them waits for the event store. */
  feed: Database<Views>;
  /** The index of the facts by what they are about; separate, since nothing waits for it. */
  audit: Database<Views>;
  /** The database that holds the records, for record kinds of other libraries. */
  recordsDatabase: Database<unknown>;
  /**
   * An earlier version used this master key for fingerprints of PINs that facts still have: with it,
   * guesses of erased PINs can be tested. Replaced by itself where it lies in the data folder.
   */
  masterKeyIsOld: boolean;
  /** The records are empty although the vault holds keys: of codes of workspaces that are no longer known. */
  recordsAreMissing: boolean;
  close(): Promise<void>;
}

/**
 * Opens the records, the vault and the database of the views: SQLite files in DATA_DIR, or, with DATABASE_URL,
 * the schemas records, vault, views, feed and audit of that PostgreSQL database.
 * @param how.alone false when left out; the thread that uses them serves nobody meanwhile
 * @throws StartupError if one of them can't be used
 */
export async function openStores<Views = unknown>(
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'vaultKey'>,
  { alone = false } = {},
): Promise<Stores<Views>> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const database of opened.splice(0).reverse()) await database.close();
  };
  const open = async <T>(name: Name): Promise<Database<T>> => {
    const database = await openOne<T>(config, name, alone);
    opened.push(database);
    return database;
  };
  try {
    const vaultDatabase = await open<unknown>('vault');
    const recordsDatabase = await open<unknown>('records');
    await checkVaultIsThere(vaultDatabase, recordsDatabase);
    const recordsAreMissing = !(await holdRecords(recordsDatabase)) && (await holdsKeys(vaultDatabase));
    const masterKey = await masterKeyFor(config, vaultDatabase);
    // SQLite files are one server's.
    const alone = vaultDatabase.engine === 'sqlite';
    const { vault, keyring } = await openVaultWithKeyring({ database: vaultDatabase, masterKey, alone });
    let { masterKeyIsOld } = keyring;
    if (masterKeyIsOld) {
      const open = (purpose: string, sealed: string) => openOldSecret(masterKey, purpose, sealed);
      await resealSecrets(recordsDatabase, vault, open);
      const { settings } = await openRecords(recordsDatabase, vault);
      await settings.setSecretIfAbsent(UNMARKED_UNTIL, 'now');
      if (config.vaultKey === undefined) {
        await replaceMasterKey(config.dataDir, (next) =>
          rekeyVault({ database: vaultDatabase, masterKey }, next),
        );
        masterKeyIsOld = false;
      }
    }
    const records = await openRecords(recordsDatabase, vault);
    const views = await open<Views>('views');
    const feed = await open<Views>('feed');
    const audit = await open<Views>('audit');
    const databases = { views, feed, audit, recordsDatabase };
    return { records, vault, ...databases, masterKeyIsOld, recordsAreMissing, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Up to which position facts may be without a mark: 'now' until the server has seen where they stand after taking
 * over the data of a version without marks.
 */
export const UNMARKED_UNTIL = 'facts.unmarked_until';

/**
 * A new vault next to existing records would seal new values with other keys, and nothing older could be opened,
 * tokens of lock makers and the marks of facts included.
 * @throws StartupError
 */
async function checkVaultIsThere(vault: Database<unknown>, records: Database<unknown>): Promise<void> {
  // In this order: another instance that starts at the same time makes the vault first.
  if (!(await holdRecords(records)) || !(await isNewVault(vault))) return;
  throw new StartupError(
    'The vault is missing, though the records are there: put vault.db, or the schema vault, back from the backup that the records go with. To begin again, choose another DATA_DIR and database.',
  );
}

/** The vault's master key: the one that is set, or that of the data folder, whose replacement may be half done. */
async function masterKeyFor(
  config: Pick<Config, 'dataDir' | 'vaultKey'>,
  database: Database<unknown>,
): Promise<Buffer> {
  if (config.vaultKey !== undefined) return loadMasterKey(config);
  const settled = await settleMasterKey(config.dataDir, (masterKey) =>
    isMasterKeyOf({ database, masterKey }),
  );
  return settled ?? loadMasterKey(config);
}

/**
 * Replaces the vault's master key: by `next` (32 bytes) where the setting VAULT_KEY gives it, else by one that is
 * drawn and written into the data folder. The server may run meanwhile; it needs the new key at its next start.
 * @throws StartupError if the key that is set is not the vault's
 */
export async function rekey(
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'vaultKey'>,
  next: Buffer | undefined,
): Promise<void> {
  // Takes over what an earlier version has sealed.
  await (await openStores(config)).close();
  const database = await openOne<unknown>(config, 'vault');
  try {
    const masterKey = await masterKeyFor(config, database);
    const commit = (key: Buffer) => rekeyVault({ database, masterKey }, key);
    if (next) await commit(next);
    else await replaceMasterKey(config.dataDir, commit);
  } finally {
    await database.close();
  }
}

const POOL_SIZES = { records: 4, vault: 4, views: 10, feed: 4, audit: 2 };

/** Folded from the facts: the last second may be lost, and is folded again. */
const VIEWS: ReadonlySet<string> = new Set(['views', 'feed', 'audit']);

type Name = keyof typeof POOL_SIZES;

async function openOne<T>(
  config: Pick<Config, 'dataDir' | 'databaseUrl'>,
  name: Name,
  alone = false,
): Promise<Database<T>> {
  if (config.databaseUrl !== undefined)
    return openDatabase({ url: config.databaseUrl, schema: name, poolSize: POOL_SIZES[name] });
  const file = join(config.dataDir, `${name}.db`);
  try {
    return await openDatabase({
      file,
      durability: VIEWS.has(name) ? 'normal' : 'full',
      secureDelete: name === 'vault' || name === 'records',
      alone,
    });
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    throw new StartupError(`${error.message}. ${whatToDo(name, file)}`, { cause: error });
  }
}

function whatToDo(name: Name, file: string): string {
  return VIEWS.has(name)
    ? `Where it is damaged it may be removed (rm ${file}*): it is rebuilt from the facts.`
    : 'Where it is damaged put it back from a backup: docs/operations.md says how.';
}
