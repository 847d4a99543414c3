import { ACCESS_CODE, codeCodec } from '@latchkey/access-codes';
import { preparedRows, chunks } from '@latchkey/database';
import { ACTION_ATTEMPT, actionCodec } from '@latchkey/devices';
import { type Projection, readerOf, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import { type Kysely, sql, type Transaction } from 'kysely';
import { LAST_EVENTS } from '../domain/finished';

/** Raised when what is kept of a stream changes: the view is rebuilt then. */
const FINISHED_VERSION = 1;
export const FINISHED = `finished_v${FINISHED_VERSION}` as const;

export interface FinishedTables {
  /** Streams that may have ended, and when the last event came that may have been their end, ms. */
  [FINISHED]: { stream: string; finished_at: number };
}

/** A stream that may have ended, in the order in which they did. */
export interface FinishedStream {
  readonly stream: string;
  readonly finishedAt: number;
}

const ROWS_AT_ONCE = 50;

/** By which the streams are found that are to be archived next. */
export class FinishedProjection implements Projection {
  readonly name = 'finished';
  readonly version = FINISHED_VERSION;
  readonly tables = [FINISHED];
  readonly prefixes = [`${ACCESS_CODE}-`, `${ACTION_ATTEMPT}-`];
  readonly read = readerOf({ [ACCESS_CODE]: codeCodec, [ACTION_ATTEMPT]: actionCodec });

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(FINISHED)
      .addColumn('stream', 'text', (c) => c.primaryKey())
      .addColumn('finished_at', 'bigint', (c) => c.notNull())
      .execute();
  }

  async index(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createIndex(`finished_by_time_v${FINISHED_VERSION}`)
      .ifNotExists()
      .on(FINISHED)
      .columns(['finished_at', 'stream'])
      .execute();
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`finished_v${version}`).ifExists().execute();
  }

  leavesAlone(_db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean> {
    return Promise.resolve(!events.some(mayEnd));
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const ended = new Map<string, number>();
    for (const event of events.filter(mayEnd)) ended.set(event.stream, Date.parse(event.metadata.occurredAt));
    const rows = [...ended].map(([stream, finished_at]) => ({ stream, finished_at }));
    for (const some of chunks(rows, ROWS_AT_ONCE)) await put.rows(trx as Transaction<FinishedTables>, some);
  }
}

const mayEnd = ({ stream, type }: RecordedEvent): boolean =>
  LAST_EVENTS.has(type) && (stream.startsWith(`${ACCESS_CODE}-`) || stream.startsWith(`${ACTION_ATTEMPT}-`));

const put = preparedRows<FinishedTables, FinishedTables[typeof FINISHED]>(
  ['stream', 'finished_at'],
  (db, rows) =>
    db
      .insertInto(FINISHED)
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('stream').doUpdateSet((eb) => ({ finished_at: eb.ref('excluded.finished_at') })),
      ),
);

/** The first streams after one, that may have ended by an instant, ms. */
export async function finishedAfter(
  db: Kysely<FinishedTables>,
  after: FinishedStream | null,
  by: number,
  limit: number,
): Promise<FinishedStream[]> {
  const { finishedAt, stream } = after ?? { finishedAt: -1, stream: '' };
  const rows = await db
    .selectFrom(FINISHED)
    .selectAll()
    .where('finished_at', '<=', by)
    .where('finished_at', '>=', finishedAt)
    .where(sql<boolean>`(finished_at, stream) > (${finishedAt}, ${stream})`)
    .orderBy('finished_at')
    .orderBy('stream')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ stream: row.stream, finishedAt: row.finished_at }));
}
