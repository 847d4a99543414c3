import { type Database, prepared } from '@latchkey/database';
import type { Kysely } from 'kysely';
import { comparePositions, type Position, positionFromText } from './event-store';
import type { Tables } from './projection';

const POLL_MS = 20;

const checkpoint = (db: Kysely<Tables>, p: { name: string; version: number }) =>
  db
    .selectFrom('checkpoints')
    .select('position')
    .where('projection', '=', p.name)
    .where('version', '=', p.version);
/** Where a view stands. */
export const checkpointOf = prepared<Tables, { name: string; version: number }, { position: string | null }>(
  checkpoint,
);
/** The same, and nobody else folds the view until the transaction ends. */
export const checkpointForUpdate = prepared<
  Tables,
  { name: string; version: number },
  { position: string | null }
>((db, p) => checkpoint(db, p).forUpdate());
/** Puts a view's checkpoint. */
export const storeCheckpoint = prepared<
  Tables,
  { name: string; version: number; position: string; at: number },
  unknown
>((db, p) =>
  db
    .updateTable('checkpoints')
    .set({ position: p.position, updated_at: p.at })
    .where('projection', '=', p.name)
    .where('version', '=', p.version),
);

/** For a process that reads a view which another one folds: looks at the stored checkpoint until it is there. */
export async function checkpointReached(
  database: Database<Tables>,
  projection: { name: string; version: number },
  position: Position,
  timeoutMs: number,
): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const [row] = await checkpointOf.rows(database.db, projection);
    if (row?.position && comparePositions(positionFromText(row.position), position) >= 0) return true;
    if (Date.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Makes the tables that all views share, if they are not there. */
export async function createCheckpoints(database: Database<Tables>): Promise<void> {
  await database.db.schema
    .createTable('checkpoints')
    .ifNotExists()
    .addColumn('projection', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('position', 'text')
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('checkpoints_key', ['projection', 'version'])
    .execute();
  await database.db.schema
    .createTable('built_projections')
    .ifNotExists()
    .addColumn('projection', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('built_projections_key', ['projection', 'version'])
    .execute();
  await database.db.schema
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
}
