import { type Migration } from '../migrate';

export interface VaultTables {
  keys: { key_id: string; wrapped: string };
  /** Shows whether a master key is wrong; one row. */
  master_key_check: { id: number; value: string };
  /** The vault's own keys, sealed by the master key; one row. */
  keyring: { id: number; sealed: string };
}

export const vaultMigrations: Migration[] = [
  {
    name: 'keys',
    async up(db) {
      await db.schema
        .createTable('keys')
        .addColumn('key_id', 'text', (column) => column.primaryKey())
        .addColumn('wrapped', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('master_key_check')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
    },
  },
  {
    name: 'keyring',
    async up(db) {
      await db.schema
        .createTable('keyring')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('sealed', 'text', (column) => column.notNull())
        .execute();
    },
  },
];
