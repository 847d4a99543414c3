import type { Database, WebhookEndpoint } from '@latchkey/database';
import type { FeedTables } from '../feed/feed-projection';
import type { ReplayRange } from './commands';
import { DeliveryRows } from './delivery-rows';
import type { DeliveryTables } from './queue-tables';
import { replay } from './replay';

/** Sends events to a webhook again, beside the server that sends them or without one. */
export class WebhookReplay {
  private readonly rows: DeliveryRows;

  constructor(
    private readonly feed: Database<FeedTables>,
    records: Database<DeliveryTables>,
  ) {
    // Nothing is claimed by it.
    this.rows = new DeliveryRows(records, { owner: 'replay', wall: () => Date.now() });
  }

  /** @param now ms by the server's clock @returns how many events were queued */
  queue(endpoint: WebhookEndpoint, range: ReplayRange, now: number): Promise<number> {
    return replay(this.feed, this.rows, endpoint, range, now);
  }
}
