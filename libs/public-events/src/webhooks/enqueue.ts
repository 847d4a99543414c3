import { chunks } from '@latchkey/database';
import type { Transaction } from 'kysely';
import { nameless } from '../nameless';
import type { StoredEvent } from '../public-event';
import type { DeliveryTables } from './queue-tables';

export interface Queued {
  readonly webhookId: string;
  readonly event: StoredEvent;
  readonly revision: number;
  /** It is sent once more, when what is new has been sent. */
  readonly replayed?: true;
}

/** Rows that one statement writes. */
const CHUNK = 100;

/**
 * Queues events for endpoints, due at `dueAt` (ms); one that waits already begins again. Every transaction takes
 * messages first and endpoints last, each in order, so that none waits for another in a circle.
 */
export async function enqueue(
  trx: Transaction<DeliveryTables>,
  queued: readonly Queued[],
  dueAt: number,
): Promise<void> {
  await writeMessages(trx, queued);
  await writeDeliveries(trx, queued, dueAt);
  await makeQueuesDue(trx, queued, dueAt);
}

async function writeMessages(trx: Transaction<DeliveryTables>, queued: readonly Queued[]): Promise<void> {
  const messages = new Map(queued.map(({ event, revision }) => [event.event_id, { event, revision }]));
  for (const some of chunks(
    [...messages.values()].sort((a, b) => order(a.event.event_id, b.event.event_id)),
    CHUNK,
  )) {
    await trx
      .insertInto('webhook_messages')
      .values(
        some.map(({ event, revision }) => ({
          event_id: event.event_id,
          event_type: event.event_type,
          revision,
          data: JSON.stringify(event),
          access_code_id: event.access_code_id ?? null,
        })),
      )
      // Written again, so that nobody who finds it waited for by none removes it meanwhile.
      .onConflict((c) => c.column('event_id').doUpdateSet((eb) => ({ data: eb.ref('excluded.data') })))
      .execute();
  }
}

async function writeDeliveries(
  trx: Transaction<DeliveryTables>,
  queued: readonly Queued[],
  dueAt: number,
): Promise<void> {
  const deliveries = queued.map(({ webhookId, event, revision, replayed }) => ({
    delivery_id: `${webhookId}:${event.event_id}`,
    webhook_id: webhookId,
    event_id: event.event_id,
    revision,
    attempts: 0,
    due_at: dueAt,
    replayed: replayed ? 1 : 0,
    version: 0,
  }));
  for (const some of chunks(
    deliveries.sort((a, b) => order(a.delivery_id, b.delivery_id)),
    CHUNK,
  )) {
    await trx
      .insertInto('webhook_deliveries')
      .values(some)
      .onConflict((c) =>
        c.column('delivery_id').doUpdateSet((eb) => ({
          attempts: 0,
          due_at: dueAt,
          // What waits as new stays new.
          replayed: eb('webhook_deliveries.replayed', '*', eb.ref('excluded.replayed')),
          version: eb('webhook_deliveries.version', '+', 1),
        })),
      )
      .execute();
  }
}

async function makeQueuesDue(
  trx: Transaction<DeliveryTables>,
  queued: readonly Queued[],
  dueAt: number,
): Promise<void> {
  const endpoints = new Map(queued.map(({ webhookId, event }) => [webhookId, event.workspace_id]));
  for (const [webhookId, workspaceId] of [...endpoints].sort(([a], [b]) => order(a, b))) {
    await trx
      .insertInto('webhook_queues')
      .values({
        ...{ subject: webhookId, workspace_id: workspaceId, due_at: dueAt, version: 0, attempts: 0 },
        ...{ lease_owner: null, lease_until: 0 },
      })
      .onConflict((c) =>
        c.column('subject').doUpdateSet((eb) => ({
          due_at: eb
            .case()
            .when('webhook_queues.due_at', '<', dueAt)
            .then(eb.ref('webhook_queues.due_at'))
            .else(eb.cast<number>(eb.val(dueAt), 'bigint'))
            .end(),
          version: eb('webhook_queues.version', '+', 1),
        })),
      )
      .execute();
  }
}

/** What waits to be told of a code loses all that the code was called. */
export async function forgetNames(trx: Transaction<DeliveryTables>, codeId: string): Promise<void> {
  const rows = await trx
    .selectFrom('webhook_messages')
    .select(['event_id', 'data'])
    .where('access_code_id', '=', codeId)
    .orderBy('event_id')
    .execute();
  for (const { event_id, data } of rows) {
    const event = JSON.parse(data) as StoredEvent;
    const without = nameless(event);
    if (without === event) continue;
    await trx
      .updateTable('webhook_messages')
      .set({ data: JSON.stringify(without) })
      .where('event_id', '=', event_id)
      .execute();
  }
}

/** The order in which rows are written. */
export const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
