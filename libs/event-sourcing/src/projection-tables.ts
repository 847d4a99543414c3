import { columnsOf, type Database, type Engine, lockUntilCommit } from '@latchkey/database';
import type { Kysely } from 'kysely';
import type { Tables } from './tables';

/** Makes the tables that all views of a database share, if they are not there; instances wait for each other. */
export async function createProjectionTables(database: Database<Tables>): Promise<void> {
  await database.transaction(async (trx) => {
    await lockUntilCommit(trx, database.engine, 'projection tables');
    await createCheckpoints(trx, database.engine);
    await trx.schema
      .createTable('built_projections')
      .ifNotExists()
      .addColumn('projection', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('built_projections_key', ['projection', 'version'])
      .execute();
    await trx.schema
      .createTable('parked_events')
      .ifNotExists()
      .addColumn('projection', 'text', (column) => column.notNull())
      .addColumn('event_id', 'text', (column) => column.notNull())
      .addColumn('stream', 'text', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('position', 'text', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('parked_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('parked_events_key', ['projection', 'event_id'])
      .execute();
  });
}

async function createCheckpoints(db: Kysely<Tables>, engine: Engine): Promise<void> {
  await db.schema
    .createTable('checkpoints')
    .ifNotExists()
    .addColumn('projection', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'text')
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('checkpoints_key', ['projection', 'version'])
    .execute();
  const there = await columnsOf(db, engine, 'checkpoints');
  // Databases of the first version have neither.
  for (const column of ['event_position', 'event_id'].filter((name) => !there.includes(name))) {
    await db.schema.alterTable('checkpoints').addColumn(column, 'text').execute();
  }
}
