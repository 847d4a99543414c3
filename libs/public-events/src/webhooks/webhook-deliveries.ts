import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import type { Database, WebhookEndpoint, WebhookEndpoints } from '@latchkey/database';
import { DueWork } from '@latchkey/event-sourcing';
import type { Clock, Ids, Logger, Random, Vault } from '@latchkey/platform';
import { delivered, type StoredEvent } from '../public-event';
import { wants } from './delivery-queue';
import { type Delivery, DeliveryRows, type QueueClaim } from './delivery-rows';
import type { DeliveryTables } from './queue-tables';
import type { Sender, Sent } from './sender';

/** After how long each attempt follows the one before. After the last one a message is given up. */
export const RETRY_AFTER = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  10 * HOUR,
] as const;
/** An endpoint that nothing has got through to for this long is disabled. */
export const DISABLED_AFTER = 5 * DAY;

/** How many messages are under way at a time, to all endpoints together; half of them for a single workspace. */
const PLACES = 128;
/** With more than this waiting, messages go out several at a time, and their order no longer holds. */
const BACKLOG = 100;
const AT_ONCE = 8;
/** As long as they get through, so many messages are sent before an endpoint gets in line again. */
const TURN = 8;

interface DeliveryOptions {
  /** The database of the records, where the queue lies. */
  readonly database: Database<DeliveryTables>;
  readonly endpoints: WebhookEndpoints;
  readonly vault: Vault;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly logger: Logger;
  readonly wall?: () => number;
  /** Told of each message that was tried. */
  readonly onTried?: ((outcome: 'delivered' | 'failed') => void) | undefined;
}

/**
 * Sends what waits in the queue, each endpoint for itself: one message after the other in the order of the events,
 * many endpoints at a time. One that does not answer costs nobody but itself.
 */
export class WebhookDeliveries extends DueWork<QueueClaim> {
  readonly rows: DeliveryRows;

  constructor(private readonly deliveryOptions: DeliveryOptions) {
    const { database, ids, wall = () => Date.now() } = deliveryOptions;
    const rows = new DeliveryRows(database, { owner: ids.uuid(), wall });
    super({
      ...deliveryOptions,
      name: 'the webhook queue',
      source: rows,
      work: (claim) => this.serve(claim),
      places: PLACES,
    });
    this.rows = rows;
  }

  /** Begins, with what an earlier life had in its hands. */
  async resume(): Promise<void> {
    // On SQLite nobody else works on it.
    if (this.deliveryOptions.database.engine === 'sqlite') await this.rows.releaseAll();
    this.start();
  }

  /** The machine's clock was set: what waits for an instant that was read off the clock before is tried now. */
  async clockWasPut(): Promise<void> {
    await this.rows.makeAllDue(this.deliveryOptions.clock.now());
    this.wake();
  }

  /** Sends some of what is due to one endpoint. */
  private async serve(claim: QueueClaim): Promise<void> {
    const { endpoints, clock } = this.deliveryOptions;
    const webhookId = claim.subject;
    const endpoint = await endpoints.find(webhookId);
    if (!endpoint) return this.rows.remove(webhookId);
    if (endpoint.disabledAt !== null) await this.rows.clear(webhookId);
    else await this.sendSome(endpoint, await this.rows.dueTo(webhookId, clock.now(), TURN));
    await this.rows.settle(claim);
  }

  private async sendSome(endpoint: WebhookEndpoint, due: readonly Delivery[]): Promise<void> {
    const unwanted = due.filter(({ eventType }) => !wants(endpoint.eventTypes, eventType));
    await this.rows.done(unwanted);
    const wanted = due.filter((delivery) => !unwanted.includes(delivery));
    const backlog =
      due.length === TURN &&
      (await this.rows.hasMoreThan(BACKLOG, endpoint.webhookId, this.deliveryOptions.clock.now()));
    if (backlog) return this.sendAtOnce(endpoint, wanted);
    for (const delivery of wanted) {
      if (!(await this.deliver(endpoint, delivery))) return;
    }
  }

  /** The endpoint has a place already; each further message takes one that is free. */
  private async sendAtOnce(endpoint: WebhookEndpoint, wanted: readonly Delivery[]): Promise<void> {
    const { workspaceId } = endpoint;
    const more = Math.min(AT_ONCE, wanted.length, 1 + this.shares.allowance(workspaceId)) - 1;
    this.shares.take(workspaceId, more);
    try {
      await Promise.all(wanted.slice(0, more + 1).map((delivery) => this.deliver(endpoint, delivery)));
    } finally {
      this.shares.give(workspaceId, more);
    }
  }

  /** @returns whether it got through */
  private async deliver(endpoint: WebhookEndpoint, delivery: Delivery): Promise<boolean> {
    const sent = await this.attempt(endpoint, delivery);
    this.deliveryOptions.onTried?.(sent.ok ? 'delivered' : 'failed');
    if (!sent.ok) {
      await this.afterFailure(endpoint, delivery, sent.reason);
      return false;
    }
    await this.rows.done([delivery]);
    await this.deliveryOptions.endpoints.delivered(endpoint.webhookId);
    return true;
  }

  private async afterFailure(
    { webhookId }: WebhookEndpoint,
    delivery: Delivery,
    reason: string,
  ): Promise<void> {
    const { clock, endpoints, logger } = this.deliveryOptions;
    const now = clock.now();
    const attempts = delivery.attempts + 1;
    const about = { webhookId, eventId: delivery.eventId, attempts, reason };
    const since = await endpoints.failed(webhookId, now);
    if (now - since >= DISABLED_AFTER) {
      await endpoints.disable(webhookId, now);
      await this.rows.clear(webhookId);
      logger.error(about, 'a webhook endpoint has failed for days and was disabled');
      return;
    }
    const pause = RETRY_AFTER[attempts];
    if (pause === undefined) {
      await this.rows.done([delivery]);
      logger.error(about, 'a webhook message was given up');
      return;
    }
    await this.rows.retry(delivery, attempts, now + pause);
    logger.warn(about, 'a webhook delivery failed and will be tried again');
  }

  private async attempt({ url, secret }: WebhookEndpoint, delivery: Delivery): Promise<Sent> {
    const { sender, vault, logger } = this.deliveryOptions;
    const id = `msg_${delivery.eventId.replaceAll('-', '')}`;
    try {
      const event = await delivered(JSON.parse(delivery.data) as StoredEvent, vault);
      return await sender.send({ id, url, secret, body: JSON.stringify(event) });
    } catch (error) {
      // One message that can't be made must not hold up those behind it.
      logger.error({ err: error, eventId: delivery.eventId }, 'a webhook message could not be made');
      return { ok: false, reason: 'could not be made' };
    }
  }
}
