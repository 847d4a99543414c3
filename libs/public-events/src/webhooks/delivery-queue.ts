import { type Database, forUpdateSkipLocked, type WebhookEndpointsTable } from '@latchkey/database';
import type { Projection, RecordedEvent, Tables } from '@latchkey/event-sourcing';
import type { Kysely, Transaction } from 'kysely';
import { PUBLIC_EVENTS, type StoredEvent } from '../public-event';
import { readPublicEvent } from '../read-public-event';

export interface DeliveryTables extends WebhookEndpointsTable {
  webhook_deliveries_v1: {
    /** `<webhook id>:<event id>`: at most one of an event to an endpoint waits. */
    delivery_id: string;
    webhook_id: string;
    event_id: string;
    /** Where the event stands in its workspace's stream. */
    revision: number;
    /** The stored event, as JSON, its PINs sealed. */
    data: string;
    /** How often it was tried. */
    attempts: number;
    /** ms, by our clock. */
    due_at: number;
    /** Wall clock, ms: what a dead process had claimed comes back. */
    claimed_until: number;
  };
}

export type Delivery = DeliveryTables['webhook_deliveries_v1'];

/** Whether an endpoint that asked for `eventTypes` is told of an event. */
export function wants(eventTypes: readonly string[], eventType: string): boolean {
  return eventTypes.some((asked) =>
    asked.endsWith('*') ? eventType.startsWith(asked.slice(0, -1)) : asked === eventType,
  );
}

/**
 * What is still to be sent, a row for each event and endpoint. It is folded from the public streams, but lies
 * beside the endpoints and not among the views: what was sent already can't be folded from anything, so
 * rebuilding the views must not send it again.
 */
export class DeliveryQueue implements Projection {
  readonly name = 'webhook-deliveries';
  readonly version = 1;
  readonly prefixes = [`${PUBLIC_EVENTS}-`];
  readonly lasting = true;
  readonly read = readPublicEvent;

  constructor(
    private readonly clock: { now(): number },
    private readonly onQueued: () => void,
  ) {}

  async create(db: Kysely<Tables>): Promise<void> {
    await db.schema
      .createTable('webhook_deliveries_v1')
      .addColumn('delivery_id', 'text', (c) => c.primaryKey())
      .addColumn('webhook_id', 'text', (c) => c.notNull())
      .addColumn('event_id', 'text', (c) => c.notNull())
      .addColumn('revision', 'bigint', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('due_at', 'bigint', (c) => c.notNull())
      .addColumn('claimed_until', 'bigint', (c) => c.notNull())
      .execute();
    await db.schema
      .createIndex('webhook_deliveries_by_due_v1')
      .on('webhook_deliveries_v1')
      .columns(['webhook_id', 'due_at', 'revision'])
      .execute();
  }

  async drop(db: Kysely<Tables>, version: number): Promise<void> {
    await db.schema.dropTable(`webhook_deliveries_v${version}`).ifExists().execute();
  }

  async leavesAlone(db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean> {
    return (await wanted(db as Kysely<DeliveryTables>, events)).length === 0;
  }

  async apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void> {
    const typed = trx as Transaction<DeliveryTables>;
    for (const { webhookId, event, revision } of await wanted(typed, events)) {
      await enqueue(typed, webhookId, event, revision, this.clock.now());
    }
  }

  onApplied(): void {
    this.onQueued();
  }
}

/** Which events are to be sent to which endpoints. */
async function wanted(db: Kysely<DeliveryTables>, events: readonly RecordedEvent[]) {
  const stored = events.map((each) => ({ event: readPublicEvent(each).event, revision: each.revision }));
  const endpoints = await db
    .selectFrom('webhook_endpoints')
    .select(['webhook_id', 'workspace_id', 'event_types', 'created_at'])
    .where('workspace_id', 'in', [...new Set(stored.map(({ event }) => event.workspace_id))])
    .where('disabled_at', 'is', null)
    .execute();
  return endpoints.flatMap((endpoint) => {
    const eventTypes = JSON.parse(endpoint.event_types) as string[];
    return (
      stored
        .filter(({ event }) => event.workspace_id === endpoint.workspace_id)
        .filter(({ event }) => wants(eventTypes, event.event_type))
        // What happened before somebody listened is not news.
        .filter(({ event }) => Date.parse(event.created_at) >= endpoint.created_at)
        .map(({ event, revision }) => ({ webhookId: endpoint.webhook_id, event, revision }))
    );
  });
}

/** Queues an event for an endpoint, due at `dueAt` (ms); if it waits already, it begins again. */
export async function enqueue(
  db: Kysely<DeliveryTables>,
  webhookId: string,
  event: StoredEvent,
  revision: number,
  dueAt: number,
): Promise<void> {
  await db
    .insertInto('webhook_deliveries_v1')
    .values({
      delivery_id: `${webhookId}:${event.event_id}`,
      webhook_id: webhookId,
      event_id: event.event_id,
      revision,
      data: JSON.stringify(event),
      attempts: 0,
      due_at: dueAt,
      claimed_until: 0,
    })
    .onConflict((conflict) => conflict.column('delivery_id').doUpdateSet({ attempts: 0, due_at: dueAt }))
    .execute();
}

/** The rows of the queue, for whoever delivers them. */
export class DeliveryRows {
  constructor(
    private readonly database: Database<DeliveryTables>,
    private readonly wall: () => number,
  ) {}

  /** Queues events of one endpoint, due at `dueAt` (ms). */
  async enqueue(
    webhookId: string,
    events: readonly { event: StoredEvent; revision: number }[],
    dueAt: number,
  ): Promise<void> {
    await this.database.transaction(async (trx) => {
      for (const { event, revision } of events) await enqueue(trx, webhookId, event, revision, dueAt);
    });
  }

  /** Endpoints with something due, and how much of it. */
  async due(now: number): Promise<{ webhookId: string; count: number }[]> {
    const rows = await this.database.db
      .selectFrom('webhook_deliveries_v1')
      .select((eb) => ['webhook_id', eb.fn.countAll<number>().as('count')])
      .where('due_at', '<=', now)
      .where('claimed_until', '<=', this.wall())
      .groupBy('webhook_id')
      .execute();
    return rows.map((row) => ({ webhookId: row.webhook_id, count: Number(row.count) }));
  }

  /** Takes up to `most` that are due, the oldest first; nobody else gets them for `forMs`. */
  async claim(webhookId: string, now: number, most: number, forMs: number): Promise<Delivery[]> {
    const { database, wall } = this;
    return database.transaction(async (trx) => {
      const rows = await trx
        .selectFrom('webhook_deliveries_v1')
        .selectAll()
        .where('webhook_id', '=', webhookId)
        .where('due_at', '<=', now)
        .where('claimed_until', '<=', wall())
        .orderBy('due_at')
        .orderBy('revision')
        .limit(most)
        .modifyEnd(forUpdateSkipLocked(database.engine))
        .execute();
      if (rows.length === 0) return [];
      await trx
        .updateTable('webhook_deliveries_v1')
        .set({ claimed_until: wall() + forMs })
        .where(
          'delivery_id',
          'in',
          rows.map((row) => row.delivery_id),
        )
        .execute();
      return rows;
    });
  }

  async done(deliveryId: string): Promise<void> {
    await this.database.db
      .deleteFrom('webhook_deliveries_v1')
      .where('delivery_id', '=', deliveryId)
      .execute();
  }

  async retry(deliveryId: string, attempts: number, dueAt: number): Promise<void> {
    await this.database.db
      .updateTable('webhook_deliveries_v1')
      .set({ attempts, due_at: dueAt, claimed_until: 0 })
      .where('delivery_id', '=', deliveryId)
      .execute();
  }

  /** Forgets all that waits for an endpoint. */
  async clear(webhookId: string): Promise<void> {
    await this.database.db.deleteFrom('webhook_deliveries_v1').where('webhook_id', '=', webhookId).execute();
  }

  /** Lets go of all claims: for the one process of a SQLite installation, at its start. */
  async releaseAll(): Promise<void> {
    await this.database.db
      .updateTable('webhook_deliveries_v1')
      .set({ claimed_until: 0 })
      .where('claimed_until', '>', 0)
      .execute();
  }

  /** When something is due next, ms; null: nothing waits. */
  async nextDue(): Promise<number | null> {
    const row = await this.database.db
      .selectFrom('webhook_deliveries_v1')
      .select((eb) => eb.fn.min<number | null>('due_at').as('next'))
      .executeTakeFirst();
    return row?.next ?? null;
  }
}
