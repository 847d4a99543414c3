import { type Migration } from '../migrate';

export interface VaultTables {
  keys: { key_id: string; wrapped: string };
  /** Tells a wrong master key; one row. */
  master_key_check: { id: number; value: string };
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
];
