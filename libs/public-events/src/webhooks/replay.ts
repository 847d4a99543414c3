import type { Database, WebhookEndpoint } from '@latchkey/database';
import { EVENTS, type FeedTables } from '../feed/feed-projection';
import type { StoredEvent } from '../public-event';
import { wants } from './delivery-queue';
import type { ReplayRange } from './commands';
import type { DeliveryRows } from './delivery-rows';

const CHUNK = 500;

/**
 * Queues once more what happened from `since` to before `until` (ms), or stands from `place` on in the stream, as far as
 * the endpoint asks for it. It is sent in the endpoint's own turn, and after what is new.
 * @returns how many events
 */
export async function replay(
  views: Database<FeedTables>,
  rows: DeliveryRows,
  endpoint: WebhookEndpoint,
  { since = 0, until = Number.MAX_SAFE_INTEGER, place = 0 }: ReplayRange,
  now: number,
): Promise<number> {
  let queued = 0;
  let after = place - 1;
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
        replayed: true as const,
      }))
      .filter(({ event }) => wants(endpoint.eventTypes, event.event_type));
    await rows.enqueue(wanted, now);
    queued += wanted.length;
    if (events.length < CHUNK) return queued;
    after = events.at(-1)!.revision;
  }
}
