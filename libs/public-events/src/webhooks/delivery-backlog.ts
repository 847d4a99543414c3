import { type Database, tablesOf } from '@latchkey/database';
import type { DeliveryTables } from './queue-tables';

/** What waits to be sent to an endpoint. */
export interface Backlog {
  readonly waiting: number;
  /** How often the one that was tried most has been tried. */
  readonly attempts: number;
  /** When the next is sent, ms by the server's clock. */
  readonly nextAt: number;
}

/** What waits for which endpoint, as an operator sees it; the server may be sending meanwhile. */
export class DeliveryBacklog {
  constructor(private readonly database: Database<DeliveryTables>) {}

  /** By webhook; those that nothing waits for are not among them. */
  async all(): Promise<ReadonlyMap<string, Backlog>> {
    const { db, engine } = this.database;
    // A server that has never started has sent nothing.
    if (!(await tablesOf(db, engine)).includes('webhook_deliveries')) return new Map();
    const rows = await db
      .selectFrom('webhook_deliveries')
      .select(({ fn }) => [
        'webhook_id',
        fn.countAll<number>().as('waiting'),
        fn.max('attempts').as('attempts'),
        fn.min('due_at').as('next_at'),
      ])
      .groupBy('webhook_id')
      .execute();
    return new Map(
      rows.map(({ webhook_id, waiting, attempts, next_at }) => [
        webhook_id,
        { waiting: Number(waiting), attempts: Number(attempts), nextAt: Number(next_at) },
      ]),
    );
  }

  /** What waits to be tried again is due at `now` (ms). @returns how many messages wait */
  async retryNow(webhookId: string, now: number): Promise<number> {
    return this.database.transaction(async (trx) => {
      await trx
        .updateTable('webhook_deliveries')
        .set({ due_at: now })
        .where('webhook_id', '=', webhookId)
        .where('due_at', '>', now)
        .execute();
      await trx
        .updateTable('webhook_queues')
        .set((eb) => ({ due_at: now, version: eb('version', '+', 1) }))
        .where('subject', '=', webhookId)
        .execute();
      const { count } = await trx
        .selectFrom('webhook_deliveries')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('webhook_id', '=', webhookId)
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }
}
