import { type Vault } from '@latchkey/platform';
import { type Database } from '../database';
import { KeptRows } from '../kept-rows';
import { type Migration } from '../migrate';
import { prepared } from '../prepared';

/** Small values that the server itself must keep, by name. */
export interface Settings {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  /** Sets it unless it is set already. @returns the value that is kept: yours or the one that was first */
  setIfAbsent(key: string, value: string): Promise<string>;
  /** Sets it to `value` if it is `before` still. @returns whether it was */
  replace(key: string, before: string, value: string): Promise<boolean>;
  /** Like get, for one that was set sealed. */
  getSecret(key: string): Promise<string | null>;
  /** Like set, but sealed by the vault. */
  setSecret(key: string, value: string): Promise<void>;
  /** Like setIfAbsent, but sealed by the vault. */
  setSecretIfAbsent(key: string, value: string): Promise<string>;
  delete(key: string): Promise<void>;
}

export interface SettingsTable {
  settings: { key: string; value: string };
}

export const settingsMigration: Migration = {
  name: 'settings',
  async up(db) {
    await db.schema
      .createTable('settings')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('value', 'text', (column) => column.notNull())
      .execute();
  },
};

/** Asked with each report of a lock. */
const valueOf = prepared<SettingsTable, { key: string }, { value: string }>((db, p) =>
  db.selectFrom('settings').select('value').where('key', '=', p.key),
);

export const purposeOfSetting = (key: string): string => `setting/${key}`;

/** So many secrets are kept open. */
const KEPT = 1_000;

export function settings(database: Database<SettingsTable>, vault: Vault): Settings {
  const { db } = database;
  const opened = new KeptRows<{ readonly secret: string }>(database, KEPT);
  const seal = (key: string, value: string) => vault.sealSecret(purposeOfSetting(key), value);
  const unseal = (key: string, sealed: string) => vault.openSecret(purposeOfSetting(key), sealed);

  async function get(key: string): Promise<string | null> {
    const [row] = await valueOf.rows(db, { key });
    return row?.value ?? null;
  }
  async function set(key: string, value: string): Promise<void> {
    const query = db
      .insertInto('settings')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }));
    await opened.written(() => query.execute());
  }
  async function setIfAbsent(key: string, value: string): Promise<string> {
    await db
      .insertInto('settings')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    return (await get(key))!;
  }

  return {
    get,
    set,
    setIfAbsent,
    async replace(key, before, value) {
      const query = db
        .updateTable('settings')
        .set({ value })
        .where('key', '=', key)
        .where('value', '=', before);
      const { numUpdatedRows } = await opened.written(() => query.executeTakeFirst());
      return numUpdatedRows > 0n;
    },
    async getSecret(key) {
      const kept = await opened.get(key, async () => {
        const sealed = await get(key);
        return sealed === null ? null : { secret: unseal(key, sealed) };
      });
      return kept && kept.secret;
    },
    setSecret: (key, value) => set(key, seal(key, value)),
    async setSecretIfAbsent(key, value) {
      return unseal(key, await setIfAbsent(key, seal(key, value)));
    },
    async delete(key) {
      const query = db.deleteFrom('settings').where('key', '=', key);
      await opened.written(() => query.execute());
    },
  };
}
