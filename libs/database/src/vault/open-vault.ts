import { checkValue, createVault, StartupError, type Vault } from '@latchkey/platform';
import { type Database } from '../database';
import { migrate } from '../migrate';
import { KeyTable } from './key-table';
import { type VaultTables, vaultMigrations } from './vault-tables';

/**
 * Opens the vault whose keys lie in `database` (a SQLite file opened with durability full and secureDelete, or a
 * PostgreSQL schema), wrapped by `masterKey` (32 bytes).
 * @throws StartupError if it was made with another master key
 */
export async function openVault<T>(options: { database: Database<T>; masterKey: Buffer }): Promise<Vault> {
  const database = options.database as unknown as Database<VaultTables>;
  await migrate(database, 'vault', vaultMigrations);
  await checkMasterKey(database, checkValue(options.masterKey));
  const keys = new KeyTable(database);
  // A process that died between erasing a key and emptying the log has left that to the next one.
  await keys.forget();
  return createVault(keys, options.masterKey);
}

async function checkMasterKey({ db }: Database<VaultTables>, value: string): Promise<void> {
  await db
    .insertInto('master_key_check')
    .values({ id: 1, value })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const made = await db.selectFrom('master_key_check').select('value').where('id', '=', 1).executeTakeFirst();
  if (made?.value === value) return;
  throw new StartupError(
    'The vault was made with another master key: give the one it was made with (VAULT_KEY, or vault.key in the data folder).',
  );
}
