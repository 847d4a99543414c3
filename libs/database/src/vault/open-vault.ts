import {
  checkValue,
  createVault,
  type Keyring,
  keyringOfOldVault,
  newKeyring,
  openKeyring,
  sealKeyring,
  StartupError,
  type Vault,
} from '@latchkey/platform';
import { type Database } from '../database';
import { migrate } from '../migrate';
import { KeyTable } from './key-table';
import { type VaultTables, vaultMigrations } from './vault-tables';

interface Options<T> {
  database: Database<T>;
  masterKey: Buffer;
  /** No other process erases keys there: those that were used may be kept in memory until they are erased. */
  alone?: boolean;
}

/**
 * Opens the vault whose keys lie in `database` (a SQLite file opened with durability full and secureDelete, or a
 * PostgreSQL schema), wrapped by `masterKey` (32 bytes).
 * @throws StartupError if it was made with another master key
 */
export async function openVault<T>(options: Options<T>): Promise<Vault> {
  return (await openVaultWithKeyring(options)).vault;
}

/** The same, for replacing the master key. */
export async function openVaultWithKeyring<T>(
  options: Options<T>,
): Promise<{ vault: Vault; keyring: Keyring }> {
  const database = options.database as unknown as Database<VaultTables>;
  await migrate(database, 'vault', vaultMigrations);
  const keyring = await keyringOf(database, options.masterKey);
  const keys = new KeyTable(database);
  // A process that died between erasing a key and emptying the log leaves that to the next one.
  await keys.forget();
  return { vault: createVault(keys, keyring, options.alone), keyring };
}

/** Whether nothing was ever sealed there. */
export async function isNewVault<T>(vault: Database<T>): Promise<boolean> {
  const database = vault as unknown as Database<VaultTables>;
  await migrate(database, 'vault', vaultMigrations);
  return (await storedCheck(database)) === undefined;
}

/** Whether it has the key of anything that was ever sealed: of a code's PIN, say. */
export async function holdsKeys<T>(vault: Database<T>): Promise<boolean> {
  const database = vault as unknown as Database<VaultTables>;
  await migrate(database, 'vault', vaultMigrations);
  return (await database.db.selectFrom('keys').select('key_id').limit(1).executeTakeFirst()) !== undefined;
}

/** Whether that is the vault's master key. */
export async function isMasterKeyOf<T>(options: Options<T>): Promise<boolean> {
  const database = options.database as unknown as Database<VaultTables>;
  await migrate(database, 'vault', vaultMigrations);
  return (await storedCheck(database)) === checkValue(options.masterKey);
}

/**
 * Seals the vault's keys with another master key: afterwards the old one opens nothing.
 * @throws StartupError if `masterKey` is not the vault's
 */
export async function rekeyVault<T>(options: Options<T>, next: Buffer): Promise<void> {
  const { keyring } = await openVaultWithKeyring(options);
  const database = options.database as unknown as Database<VaultTables>;
  const sealed = sealKeyring(next, { ...keyring, masterKeyIsOld: false });
  await database.transaction(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('master_key_check')
      .set({ value: checkValue(next) })
      .where('id', '=', 1)
      .where('value', '=', checkValue(options.masterKey))
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw new StartupError('The master key was replaced by somebody else.');
    await trx.updateTable('keyring').set({ sealed }).where('id', '=', 1).execute();
  });
  await new KeyTable(database).forget();
}

/** Found, or made at the first start; two instances that make it at the same time get the same one. */
async function keyringOf(database: Database<VaultTables>, masterKey: Buffer): Promise<Keyring> {
  const { db } = database;
  const check = await storedCheck(database);
  if (check !== undefined && check !== checkValue(masterKey)) throw wrongKey();
  const made = check === undefined ? newKeyring() : keyringOfOldVault(masterKey);
  await database.transaction(async (trx) => {
    await trx
      .insertInto('master_key_check')
      .values({ id: 1, value: checkValue(masterKey) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    await trx
      .insertInto('keyring')
      .values({ id: 1, sealed: sealKeyring(masterKey, made) })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  });
  if ((await storedCheck(database)) !== checkValue(masterKey)) throw wrongKey();
  const { sealed } = await db
    .selectFrom('keyring')
    .select('sealed')
    .where('id', '=', 1)
    .executeTakeFirstOrThrow();
  return openKeyring(masterKey, sealed);
}

async function storedCheck({ db }: Database<VaultTables>): Promise<string | undefined> {
  const row = await db.selectFrom('master_key_check').select('value').where('id', '=', 1).executeTakeFirst();
  return row?.value;
}

const wrongKey = () =>
  new StartupError(
    'The vault was made with another master key: give the one it was made with (VAULT_KEY, or vault.key in the data folder).',
  );
