import { columnsOf, type Engine, type Migration, type WebhookEndpointsTable } from '@latchkey/database';
import { createDueIndexes, type DueColumns } from '@latchkey/event-sourcing';
import { sql } from 'kysely';

export interface DeliveryTables extends WebhookEndpointsTable {
  /** An event that waits for some endpoint: one copy, however many it waits for. */
  webhook_messages: {
    event_id: string;
    event_type: string;
    /** Where the event stands in its workspace's stream. */
    revision: number;
    /** The stored event, as JSON, its PINs sealed. */
    data: string;
    /** The code that it is about, if it is about one. */
    access_code_id: string | null;
  };
  webhook_deliveries: {
    /** `<webhook id>:<event id>`: at most one of an event to an endpoint waits. */
    delivery_id: string;
    webhook_id: string;
    event_id: string;
    revision: number;
    /** How often it was tried. */
    attempts: number;
    /** ms, by our clock. */
    due_at: number;
    /** 1: it was asked for again, and waits until what is new has been sent. */
    replayed: number;
    /** Grows when it is asked for again. */
    version: number;
  };
  /** When each endpoint has its next delivery due. The subject is the webhook's id. */
  webhook_queues: DueColumns;
}

/**
 * The queue of deliveries. It lies beside the endpoints and not among the views: what was sent already can't be
 * folded from anything, so rebuilding the views must not send it again.
 */
export const queueMigrations: Migration[] = [
  {
    name: 'one_copy_of_a_message',
    async up(db, engine) {
      await db.schema
        .createTable('webhook_messages')
        .addColumn('event_id', 'text', (c) => c.primaryKey())
        .addColumn('event_type', 'text', (c) => c.notNull())
        .addColumn('revision', 'bigint', (c) => c.notNull())
        .addColumn('data', 'text', (c) => c.notNull())
        .execute();
      await db.schema
        .createTable('webhook_deliveries')
        .addColumn('delivery_id', 'text', (c) => c.primaryKey())
        .addColumn('webhook_id', 'text', (c) => c.notNull())
        .addColumn('event_id', 'text', (c) => c.notNull())
        .addColumn('revision', 'bigint', (c) => c.notNull())
        .addColumn('attempts', 'integer', (c) => c.notNull())
        .addColumn('due_at', 'bigint', (c) => c.notNull())
        .addColumn('version', 'integer', (c) => c.notNull())
        .execute();
      for (const [name, columns] of [
        ['by_webhook', ['webhook_id', 'due_at', 'revision']],
        ['by_event', ['event_id']],
      ] as const) {
        await db.schema
          .createIndex(`webhook_deliveries_${name}`)
          .on('webhook_deliveries')
          .columns([...columns])
          .execute();
      }
      await db.schema
        .createTable('webhook_queues')
        .addColumn('subject', 'text', (c) => c.primaryKey())
        .addColumn('workspace_id', 'text', (c) => c.notNull())
        .addColumn('due_at', 'bigint')
        .addColumn('version', 'integer', (c) => c.notNull())
        .addColumn('attempts', 'integer', (c) => c.notNull())
        .addColumn('lease_owner', 'text')
        .addColumn('lease_until', 'bigint', (c) => c.notNull())
        .execute();
      await createDueIndexes(db, 'webhook_queues');
      await takeOver(db, engine);
    },
  },
  {
    name: 'new_before_replayed',
    async up(db) {
      await db.schema
        .alterTable('webhook_deliveries')
        .addColumn('replayed', 'integer', (c) => c.notNull().defaultTo(0))
        .execute();
      await db.schema
        .createIndex('webhook_deliveries_in_turn')
        .on('webhook_deliveries')
        .columns(['webhook_id', 'replayed', 'due_at', 'revision'])
        .execute();
    },
  },
  {
    name: 'messages_by_code',
    async up(db, engine) {
      await db.schema.alterTable('webhook_messages').addColumn('access_code_id', 'text').execute();
      const codeId =
        engine === 'postgres' ? sql`data::json->>'access_code_id'` : sql`data->>'access_code_id'`;
      await sql`update webhook_messages set access_code_id = ${codeId}`.execute(db);
      await db.schema
        .createIndex('webhook_messages_by_code')
        .on('webhook_messages')
        .column('access_code_id')
        .execute();
    },
  },
];

/** What an earlier version still had to send, with a copy of its event in each row. */
async function takeOver(db: Parameters<Migration['up']>[0], engine: Engine): Promise<void> {
  if ((await columnsOf(db, engine, 'webhook_deliveries_v1')).length === 0) return;
  const eventType = engine === 'postgres' ? sql`data::json->>'event_type'` : sql`data->>'event_type'`;
  for (const statement of [
    sql`insert into webhook_messages (event_id, event_type, revision, data)
      select event_id, ${eventType}, revision, data from webhook_deliveries_v1 where true
      on conflict (event_id) do nothing`,
    sql`insert into webhook_deliveries (delivery_id, webhook_id, event_id, revision, attempts, due_at, version)
      select delivery_id, webhook_id, event_id, revision, attempts, due_at, 0 from webhook_deliveries_v1`,
    sql`insert into webhook_queues (subject, workspace_id, due_at, version, attempts, lease_until)
      select webhook_id, workspace_id, min(due_at), 0, 0, 0
      from webhook_deliveries_v1 join webhook_endpoints using (webhook_id) group by webhook_id, workspace_id`,
    sql`drop table webhook_deliveries_v1`,
  ]) {
    await statement.execute(db);
  }
}
