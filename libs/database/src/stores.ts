import { join } from 'node:path';
import { type Config, loadMasterKey, type Vault } from '@latchkey/platform';
import { type Database, openDatabase } from './database';
import { openRecords, type Records } from './records/records';
import { openVault } from './vault/open-vault';

/** What the server keeps outside the event store. */
export interface Stores<Views> {
  records: Records;
  vault: Vault;
  /** Where the views live; they can all be dropped and rebuilt. */
  views: Database<Views>;
  /** Where the public events are made and listed: apart, since making them waits for the event store. */
  feed: Database<Views>;
  /** The database that holds the records, for record kinds of other libraries. */
  recordsDatabase: Database<unknown>;
  close(): Promise<void>;
}

/**
 * Opens the records, the vault and the database of the views: SQLite files in DATA_DIR, or, with DATABASE_URL,
 * the schemas records, vault, views and feed of that PostgreSQL database.
 * @throws StartupError if one of them can't be used
 */
export async function openStores<Views = unknown>(
  config: Pick<Config, 'dataDir' | 'databaseUrl' | 'vaultKey'>,
): Promise<Stores<Views>> {
  const masterKey = loadMasterKey(config);
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const database of opened.splice(0).reverse()) await database.close();
  };
  const open = async <T>(name: Name): Promise<Database<T>> => {
    const database = await openOne<T>(config, name);
    opened.push(database);
    return database;
  };
  try {
    const vault = await openVault({ database: await open('vault'), masterKey });
    const recordsDatabase = await open<unknown>('records');
    const records = await openRecords(recordsDatabase, vault);
    const views = await open<Views>('views');
    const feed = await open<Views>('feed');
    return { records, vault, views, feed, recordsDatabase, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const POOL_SIZES = { records: 4, vault: 4, views: 10, feed: 4 };

type Name = keyof typeof POOL_SIZES;

function openOne<T>(config: Pick<Config, 'dataDir' | 'databaseUrl'>, name: Name): Promise<Database<T>> {
  return config.databaseUrl === undefined
    ? openDatabase({
        file: join(config.dataDir, `${name}.db`),
        durability: name === 'views' || name === 'feed' ? 'normal' : 'full',
        secureDelete: name === 'vault' || name === 'records',
      })
    : openDatabase({ url: config.databaseUrl, schema: name, poolSize: POOL_SIZES[name] });
}
