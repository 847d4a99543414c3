import { chunks, createIndexOnce, preparedRows } from '@latchkey/database';
import { folding, type Projection, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { nameless, PERSONAL_DATA_ERASED } from '../nameless';
import { PUBLIC_EVENTS, type StoredEvent } from '../public-event';
import { readPublicEvent } from '../read-public-event';

/** Raised when what the view keeps of an event changes: it is built again then. */
const FEED_VERSION = 2;
export const EVENTS = `events_v${FEED_VERSION}` as const;

export interface FeedTables {
  [EVENTS]: {
    event_id: string;
    workspace_id: string;
    /** Where it stands in its workspace's stream. */
    revision: number;
    event_type: string;
    /** ms */
    created_at: number;
    access_code_id: string | null;
    device_id: string | null;
    connected_account_id: string | null;
    connect_webview_id: string | null;
    customer_key: string | null;
    /** The stored event, as JSON, its PINs sealed. */
    data: string;
  };
}

/** As many rows as one statement writes. */
const ROWS_AT_ONCE = 50;

type FeedRow = FeedTables[typeof EVENTS];

const COLUMNS = [
  ...(['event_id', 'workspace_id', 'revision', 'event_type', 'created_at', 'access_code_id'] as const),
  ...(['device_id', 'connected_account_id', 'connect_webview_id', 'customer_key', 'data'] as const),
] satisfies (keyof FeedRow)[];

const add = preparedRows<FeedTables, FeedRow>(COLUMNS, (db, rows) =>
  db
    .insertInto(EVENTS)
    .values(rows)
    // Each comes once, by the checkpoint; in tables of earlier versions the id is the key.
    .onConflict((conflict) => conflict.doNothing()),
);

/** The view of the public streams that events are listed from. */
export class FeedProjection implements Projection {
  readonly name = 'feed';
  readonly version = FEED_VERSION;
  readonly tables = [EVENTS];
  readonly prefixes = [`${PUBLIC_EVENTS}-`];
  readonly read = readPublicEvent;

  /** @param onNews told of events that can be read now, in order, whichever process has folded them */
  constructor(private readonly onNews: (events: readonly RecordedEvent[]) => void = () => undefined) {}

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable(EVENTS)
      .addColumn('event_id', 'text', (c) => c.notNull())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('revision', 'bigint', (c) => c.notNull())
      .addColumn('event_type', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addColumn('access_code_id', 'text')
      .addColumn('device_id', 'text')
      .addColumn('connected_account_id', 'text')
      .addColumn('connect_webview_id', 'text')
      .addColumn('customer_key', 'text')
      .addColumn('data', 'text', (c) => c.notNull())
      .execute();
  }

  async index(db: Kysely<Tables>): Promise<void> {
    // Not the table's key: those of older facts come in no order, so that each row would write a page of the key's index.
    await indexById(db);
    await index(db, 'time', 'workspace_id', 'created_at', 'revision');
    await index(db, 'revision', 'workspace_id', 'revision');
    await indexByCode(db);
    await index(db, 'device', 'device_id', 'event_type', 'created_at');
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`events_v${version}`).ifExists().execute();
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const rows = events.map((event) => folding(event, () => rowOf(event)));
    for (const some of chunks(rows, ROWS_AT_ONCE)) {
      await add.rows(trx as Transaction<FeedTables>, some);
    }
    // Once they are there: nothing that is told of a code later has a name.
    for (const row of rows) {
      if (row.event_type === PERSONAL_DATA_ERASED && row.access_code_id !== null)
        await forgetNames(trx as Transaction<FeedTables>, row.access_code_id);
    }
  }

  onApplied(events: readonly RecordedEvent[]): void {
    this.onNews(events);
  }
}

/** The translator, whose batch looks for ids in the feed, may need one while the feed is still being built. */
const index = (trx: Kysely<Tables>, by: string, ...columns: string[]) => {
  const name = `events_by_${by}_v${FEED_VERSION}`;
  return createIndexOnce(trx, name, () =>
    trx.schema.createIndex(name).ifNotExists().on(EVENTS).columns(columns).execute(),
  );
};

const indexById = (trx: Kysely<Tables>) => index(trx, 'id', 'event_id');
const indexByCode = (trx: Kysely<Tables>) => index(trx, 'code', 'access_code_id', 'created_at');

/** What is kept of a code's events loses all that the code was called. */
async function forgetNames(trx: Transaction<FeedTables>, codeId: string): Promise<void> {
  // While the view is built it may not be there yet.
  await indexByCode(trx);
  const rows = await trx
    .selectFrom(EVENTS)
    .select(['event_id', 'data'])
    .where('access_code_id', '=', codeId)
    .execute();
  for (const { event_id, data } of rows) {
    const event = JSON.parse(data) as StoredEvent;
    const without = nameless(event);
    if (without === event) continue;
    await trx
      .updateTable(EVENTS)
      .set({ data: JSON.stringify(without) })
      .where('access_code_id', '=', codeId)
      .where('event_id', '=', event_id)
      .execute();
  }
}

/** Those of these events that the feed has. */
export async function listedInFeed(
  trx: Kysely<Tables>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  // Where it is still being built there is none yet.
  await indexById(trx);
  const rows = await (trx as Kysely<FeedTables>)
    .selectFrom(EVENTS)
    .select('event_id')
    .where('event_id', 'in', ids)
    .execute();
  return new Set(rows.map((row) => row.event_id));
}

function rowOf(recorded: RecordedEvent): FeedRow {
  const { event } = readPublicEvent(recorded);
  return {
    event_id: event.event_id,
    workspace_id: event.workspace_id,
    revision: recorded.revision,
    event_type: event.event_type,
    created_at: Date.parse(event.created_at),
    access_code_id: event.access_code_id ?? null,
    device_id: event.device_id ?? null,
    connected_account_id: event.connected_account_id ?? null,
    connect_webview_id: event.connect_webview_id ?? null,
    customer_key: event.customer_key ?? null,
    // To write it again would come to the same.
    data: recorded.written?.data ?? JSON.stringify(event),
  };
}
