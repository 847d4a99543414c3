import type { Database, WebhookEndpoint } from '@latchkey/database';
import { EVENTS, type FeedTables } from '../feed/feed-projection';
import type { StoredEvent } from '../public-event';
import { wants } from './delivery-queue';
import type { DeliveryRows } from './delivery-rows';

const CHUNK = 500;

/**
 * Queues once more what happened from `since` to before `until` (ms) and the endpoint asks for.
 * @returns how many events
 */
export async function replay(
  views: Database<FeedTables>,
  rows: DeliveryRows,
  endpoint: WebhookEndpoint,
  { since, until = Number.MAX_SAFE_INTEGER }: { since: number; until?: number },
  now: number,
): Promise<number> {
  let queued = 0;
  let after = -1;
  for (;;) {
    const events = await views.db
      .selectFrom(EVENTS)
      .select(['revision', 'data'])
      .where('workspace_id', '=', endpoint.workspaceId)
      .where('revision', '>', after)
      .where('created_at', '>=', since)
      .where('created_at', '<', until)
      .orderBy('revision')
      .limit(CHUNK)
      .execute();
    const wanted = events
      .map((row) => ({
        webhookId: endpoint.webhookId,
        event: JSON.parse(row.data) as StoredEvent,
        revision: row.revision,
      }))
      .filter(({ event }) => wants(endpoint.eventTypes, event.event_type));
    await rows.enqueue(wanted, now);
    queued += wanted.length;
    if (events.length < CHUNK) return queued;
    after = events.at(-1)!.revision;
  }
}
