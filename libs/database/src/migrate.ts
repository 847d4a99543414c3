import { type Kysely, type Transaction } from 'kysely';
import { StartupError } from '@latchkey/platform';
import { type Database } from './database';
import { type Engine } from './engines/engine';
import { lockUntilCommit } from './engines/locks';
import { patiently } from './engines/patience';

/** One step forward of a database's tables. There is no way back; a name, once released, never changes. */
export interface Migration {
  name: string;
  /** Runs inside a transaction, on either engine. */
  up(db: Transaction<unknown>, engine: Engine): Promise<void>;
}

interface MigrationsTable {
  position: number;
  name: string;
}

/**
 * Brings the tables of `name` up to date: runs, in order and in one transaction, those of `migrations` that
 * have not run yet. Instances that start at the same time wait for each other.
 *
 * Our own code on purpose. Kysely's Migrator (0.28) can't be given a transaction, so on SQLite only some of the steps
 * could be done; on PostgreSQL it takes a table of its name in any schema for its own; it orders steps by their names.
 * @throws StartupError if the database has migrations that this version does not know, or one fails
 */
export async function migrate<T>(
  database: Database<T>,
  name: string,
  migrations: Migration[],
): Promise<void> {
  const table = `migrations_${name}`;
  if (!/^\w+$/.test(name)) throw new TypeError(`"${name}" can not be part of a table's name.`);
  const own = database as unknown as Database<Record<string, MigrationsTable>>;
  await patiently(() =>
    own.transaction(async (trx) => {
      await lockUntilCommit(trx, database.engine, table);
      await makeTable(trx, table);
      const done = await trx.selectFrom(table).select('name').orderBy('position').execute();
      checkHistory(
        name,
        done.map((row) => row.name),
        migrations.map((migration) => migration.name),
      );
      for (const [position, migration] of migrations.entries()) {
        if (position < done.length) continue;
        await run(name, migration, trx as unknown as Transaction<unknown>, database.engine);
        await trx.insertInto(table).values({ position, name: migration.name }).execute();
      }
    }),
  );
}

async function makeTable(trx: Kysely<Record<string, MigrationsTable>>, table: string): Promise<void> {
  await trx.schema
    .createTable(table)
    .ifNotExists()
    .addColumn('position', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .execute();
}

function checkHistory(what: string, done: string[], known: string[]): void {
  const strange = done.find((name, position) => known[position] !== name);
  if (strange === undefined) return;
  throw new StartupError(
    known.includes(strange)
      ? `The database of ${what} was migrated in another order than this version's ("${strange}").`
      : `The database of ${what} was made by a newer version of Latchkey ("${strange}" is not known to this one).`,
  );
}

async function run(
  what: string,
  migration: Migration,
  trx: Transaction<unknown>,
  engine: Engine,
): Promise<void> {
  try {
    await migration.up(trx, engine);
  } catch (cause) {
    throw new StartupError(
      `The database of ${what} could not be migrated ("${migration.name}"): ${(cause as Error).message}`,
      { cause },
    );
  }
}
