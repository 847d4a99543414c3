import { chunks, type Database, SharedCommits } from '@latchkey/database';
import { claimOf, type DueClaim, DueRows, type DueSource, type OfWorkspace } from '@latchkey/event-sourcing';
import { sql, type Transaction } from 'kysely';
import { enqueue, order, type Queued } from './enqueue';
import type { DeliveryTables } from './queue-tables';

/** An endpoint that has something due. */
export interface QueueClaim extends DueClaim {
  readonly version: number;
}

/** One message to one endpoint. */
export interface Delivery {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly attempts: number;
  readonly version: number;
  /** The stored event, as JSON. */
  readonly data: string;
}

/** Rows that one statement writes. */
const CHUNK = 100;

/** The rows of the queue, for delivery. */
export class DeliveryRows implements DueSource<QueueClaim> {
  private readonly due: DueRows<DeliveryTables['webhook_queues']>;
  /** Endpoints that fail together are many: what became of each message is written down with that of the others. */
  private readonly commits: SharedCommits<DeliveryTables>;

  constructor(
    private readonly database: Database<DeliveryTables>,
    options: { readonly owner: string; readonly wall: () => number },
  ) {
    this.due = new DueRows(database, { table: 'webhook_queues', ...options });
    this.commits = new SharedCommits(database);
  }

  async claim(now: number, limit: number, of?: OfWorkspace): Promise<QueueClaim[]> {
    const rows = await this.due.claim(now, limit, of);
    return rows.map((row) => ({ ...claimOf(row), version: row.version }));
  }

  /** How many messages wait to be sent; more than `most` are told as that. */
  async waiting(now: number, most: number): Promise<number> {
    const due = this.database.db
      .selectFrom('webhook_deliveries')
      .select('delivery_id')
      .where('due_at', '<=', now)
      .limit(most);
    const row = await this.database.db
      .selectFrom(due.as('due'))
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  }

  dueWorkspaces(now: number): Promise<string[]> {
    return this.due.dueWorkspaces(now);
  }

  nextDue(): Promise<number | null> {
    return this.due.nextDue();
  }

  releaseAll(): Promise<void> {
    return this.due.releaseAll();
  }

  async putOff({ subject, version, attempts }: QueueClaim, until: number): Promise<void> {
    await this.commits.write((db) =>
      db
        .updateTable('webhook_queues')
        .set((eb) => ({
          due_at: eb
            .case()
            .when('version', '=', version)
            .then(eb.cast<number | null>(eb.val(until), 'bigint'))
            .else(eb.ref('due_at'))
            .end(),
          attempts: attempts + 1,
          lease_owner: null,
          lease_until: 0,
        }))
        .where('subject', '=', subject)
        .execute(),
    );
  }

  /** Gives an endpoint back, due when the first of what is left for it is. */
  async settle({ subject, version }: QueueClaim): Promise<void> {
    const { numUpdatedRows } = await this.commits.write((db) =>
      db
        .updateTable('webhook_queues')
        .set((eb) => ({
          due_at: eb
            .selectFrom('webhook_deliveries')
            .select((each) => each.fn.min<number | null>('webhook_deliveries.due_at').as('next'))
            .where('webhook_id', '=', subject),
          attempts: 0,
          lease_owner: null,
          lease_until: 0,
        }))
        .where('subject', '=', subject)
        .where('version', '=', version)
        .executeTakeFirst(),
    );
    // Something was queued meanwhile: as due as that made it.
    if (numUpdatedRows === 0n) await this.due.release(subject);
  }

  /** What was to be tried later is due at `now` (ms): the clock that its instants were read off was put. */
  async makeAllDue(now: number): Promise<void> {
    await this.database.transaction(async (trx) => {
      await trx.updateTable('webhook_deliveries').set({ due_at: now }).where('due_at', '>', now).execute();
      await trx
        .updateTable('webhook_queues')
        .set((eb) => ({ due_at: now, version: eb('version', '+', 1) }))
        .where('due_at', '>', now)
        .execute();
    });
  }

  /** Up to `limit` of what is due to an endpoint: what is new before what is sent once more, each the oldest first. */
  async dueTo(webhookId: string, now: number, limit: number): Promise<Delivery[]> {
    const rows = await this.database.db
      .selectFrom('webhook_deliveries')
      .innerJoin('webhook_messages', 'webhook_messages.event_id', 'webhook_deliveries.event_id')
      .selectAll('webhook_deliveries')
      .select(['webhook_messages.event_type', 'webhook_messages.data'])
      .where('webhook_id', '=', webhookId)
      .where('due_at', '<=', now)
      .orderBy('replayed')
      .orderBy('due_at')
      .orderBy('webhook_deliveries.revision')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      deliveryId: row.delivery_id,
      eventId: row.event_id,
      eventType: row.event_type,
      attempts: row.attempts,
      version: row.version,
      data: row.data,
    }));
  }

  /** Whether more than so many deliveries are due to an endpoint. */
  async hasMoreThan(count: number, webhookId: string, now: number): Promise<boolean> {
    const row = await this.database.db
      .selectFrom('webhook_deliveries')
      .select('delivery_id')
      .where('webhook_id', '=', webhookId)
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .orderBy('revision')
      .offset(count)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Forgets a message to an endpoint; unless it was asked for again meanwhile: then it is sent again. */
  async done(deliveries: readonly Delivery[]): Promise<void> {
    await this.removing(
      deliveries.map(({ eventId }) => eventId),
      async (trx) => {
        for (const { deliveryId, version } of deliveries) {
          await trx
            .deleteFrom('webhook_deliveries')
            .where('delivery_id', '=', deliveryId)
            .where('version', '=', version)
            .execute();
        }
      },
    );
  }

  /** Not before `dueAt` (ms), unless it was asked for again meanwhile. */
  async retry({ deliveryId, version }: Delivery, attempts: number, dueAt: number): Promise<void> {
    await this.commits.write((db) =>
      db
        .updateTable('webhook_deliveries')
        .set({ attempts, due_at: dueAt })
        .where('delivery_id', '=', deliveryId)
        .where('version', '=', version)
        .execute(),
    );
  }

  /** Queues events of one endpoint, due at `dueAt` (ms). */
  async enqueue(queued: readonly Queued[], dueAt: number): Promise<void> {
    await this.database.transaction((trx) => enqueue(trx, queued, dueAt));
  }

  /** Forgets what waits for an endpoint, or of that what it does not want any more. */
  async clear(webhookId: string, wanted: (eventType: string) => boolean = () => false): Promise<void> {
    const rows = await this.database.db
      .selectFrom('webhook_deliveries')
      .innerJoin('webhook_messages', 'webhook_messages.event_id', 'webhook_deliveries.event_id')
      .select(['webhook_deliveries.event_id', 'event_type'])
      .where('webhook_id', '=', webhookId)
      .execute();
    const unwanted = rows.filter((row) => !wanted(row.event_type)).map((row) => row.event_id);
    for (const some of chunks(unwanted, CHUNK)) {
      await this.removing(some, async (trx) => {
        await trx
          .deleteFrom('webhook_deliveries')
          .where('webhook_id', '=', webhookId)
          .where('event_id', 'in', some)
          .execute();
      });
    }
  }

  /** Forgets an endpoint that is no more, with all that waits for it. */
  async remove(webhookId: string): Promise<void> {
    await this.clear(webhookId);
    await this.database.db.deleteFrom('webhook_queues').where('subject', '=', webhookId).execute();
  }

  /** Removes deliveries, and then of their messages those that wait for nobody any more. */
  private async removing(
    eventIds: readonly string[],
    remove: (trx: Transaction<DeliveryTables>) => Promise<void>,
  ): Promise<void> {
    if (eventIds.length === 0) return;
    const ids = [...new Set(eventIds)].sort(order);
    await this.commits.transaction(async (trx) => {
      if (this.database.engine === 'postgres') {
        await trx
          .selectFrom('webhook_messages')
          .select('event_id')
          .where('event_id', 'in', ids)
          .orderBy('event_id')
          .forUpdate()
          .execute();
      }
      await remove(trx);
      await trx
        .deleteFrom('webhook_messages')
        .where('event_id', 'in', ids)
        .where(
          sql<boolean>`not exists (select 1 from webhook_deliveries as waiting
            where waiting.event_id = webhook_messages.event_id)`,
        )
        .execute();
    });
  }
}
