import type { Database, WebhookEndpoint, WebhookEndpoints } from '@latchkey/database';
import type { Clock, Logger, Vault } from '@latchkey/platform';
import { delivered, type StoredEvent } from '../public-event';
import { type Delivery, DeliveryRows, type DeliveryTables } from './delivery-queue';
import { ANSWER_WITHIN_MS, type Sender, type Sent } from './sender';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

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
/** An endpoint that nothing has got through to for so long is disabled. */
export const DISABLED_AFTER = 5 * 24 * HOUR;

const CLAIM_MS = ANSWER_WITHIN_MS * 4;
/** With more than this waiting, messages go out several at a time, and their order no longer holds. */
const BACKLOG = 100;
const AT_ONCE = 8;
const LOOK_AGAIN_MS = 15_000;

/**
 * Sends what waits in the queue, each endpoint for itself: one after the other in the order of the events, any
 * number of endpoints at a time.
 */
export class WebhookDeliveries {
  readonly rows: DeliveryRows;
  private readonly busy = new Set<string>();
  private readonly waiters = new Set<() => void>();
  private running = false;
  private held = false;
  /** When something is due next, as it was at the last look; undefined: to be looked up. */
  private next: number | null | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private cancelTimer: () => void = () => undefined;
  private poll: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: {
      /** The database of the records, where the queue lies. */
      readonly database: Database<DeliveryTables>;
      readonly endpoints: WebhookEndpoints;
      readonly vault: Vault;
      readonly sender: Sender;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly wall?: () => number;
    },
  ) {
    this.rows = new DeliveryRows(options.database, options.wall ?? (() => Date.now()));
  }

  async start(): Promise<void> {
    if (this.options.database.engine === 'sqlite') await this.rows.releaseAll();
    this.running = true;
    // Another process may have died with messages in its hands, or have queued what we were not told of.
    this.poll = setInterval(() => this.wake(), LOOK_AGAIN_MS);
    this.poll.unref();
    this.wake();
  }

  /** Ends when what is under way has ended. */
  async stop(): Promise<void> {
    this.running = false;
    clearInterval(this.poll);
    this.cancelTimer();
    await this.looking;
    while (this.busy.size > 0) await this.change();
    this.cancelTimer();
  }

  /** Something may be due. */
  wake(): void {
    this.next = undefined;
    if (!this.running || this.held) return;
    this.lookAgain = true;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
      this.changed();
    });
  }

  /** Begins nothing new until `release`. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    // Only if somebody called meanwhile.
    if (this.next === undefined) this.wake();
  }

  /** Resolves when nothing is under way, and nothing due is left. */
  async whenIdle(): Promise<void> {
    while (this.running) {
      if (this.looking !== undefined || this.busy.size > 0) {
        await this.change();
        continue;
      }
      const next = await this.nextDue();
      if (this.held || next === null || next > this.options.clock.now()) return;
      if ((await this.rows.due(this.options.clock.now())).length === 0) return;
      this.wake();
    }
  }

  /** When something is due next, ms; null: nothing waits. */
  async nextDue(): Promise<number | null> {
    // Asked at each step of the sandbox's clock, and mostly nothing waits: what the last look found will do.
    if (this.next === undefined || this.busy.size > 0) return this.rows.nextDue();
    return this.next;
  }

  private async look(): Promise<void> {
    while (this.lookAgain && this.running && !this.held) {
      this.lookAgain = false;
      try {
        for (const { webhookId, count } of await this.rows.due(this.options.clock.now())) {
          if (!this.busy.has(webhookId)) this.begin(webhookId, count);
        }
        await this.arrange();
      } catch (error) {
        this.options.logger.error({ err: error }, 'the webhook queue could not be read');
      }
    }
  }

  private async arrange(): Promise<void> {
    const { clock } = this.options;
    const next = await this.rows.nextDue();
    if (!this.lookAgain) this.next = next;
    this.cancelTimer();
    // What is due already is in somebody's hands.
    if (next !== null && next > clock.now()) this.cancelTimer = clock.at(next, () => this.wake());
  }

  private begin(webhookId: string, waiting: number): void {
    this.busy.add(webhookId);
    void this.serve(webhookId, waiting).then(
      () => {
        this.busy.delete(webhookId);
        this.wake();
        this.changed();
      },
      (error: unknown) => {
        // The database is out of order: looked at again when the next look is due anyway.
        this.options.logger.error({ err: error, webhookId }, 'webhook deliveries were interrupted');
        this.busy.delete(webhookId);
        this.changed();
      },
    );
  }

  /** Sends all that is due to one endpoint. */
  private async serve(webhookId: string, waiting: number): Promise<void> {
    const atOnce = waiting > BACKLOG ? AT_ONCE : 1;
    while (this.running && !this.held) {
      const now = this.options.clock.now();
      const claimed = await this.rows.claim(webhookId, now, atOnce, CLAIM_MS);
      if (claimed.length === 0) return;
      const endpoint = await this.options.endpoints.find(webhookId);
      if (!endpoint || endpoint.disabledAt !== null) {
        await this.rows.clear(webhookId);
        return;
      }
      await Promise.all(claimed.map((delivery) => this.deliver(endpoint, delivery)));
    }
  }

  private async deliver(endpoint: WebhookEndpoint, delivery: Delivery): Promise<void> {
    const { endpoints, clock, logger } = this.options;
    const { webhookId } = endpoint;
    const sent = await this.attempt(endpoint, delivery);
    if (sent.ok) {
      await this.rows.done(delivery.delivery_id);
      await endpoints.delivered(webhookId);
      return;
    }
    const now = clock.now();
    const attempts = delivery.attempts + 1;
    const about = { webhookId, eventId: delivery.event_id, attempts, reason: sent.reason };
    const since = await endpoints.failed(webhookId, now);
    if (now - since >= DISABLED_AFTER) {
      await endpoints.disable(webhookId, now);
      await this.rows.clear(webhookId);
      logger.error(about, 'a webhook endpoint has failed for days and was disabled');
      return;
    }
    const pause = RETRY_AFTER[attempts];
    if (pause === undefined) {
      await this.rows.done(delivery.delivery_id);
      logger.error(about, 'a webhook message was given up');
      return;
    }
    await this.rows.retry(delivery.delivery_id, attempts, now + pause);
    logger.warn(about, 'a webhook delivery failed and will be tried again');
  }

  private async attempt({ url, secret }: WebhookEndpoint, delivery: Delivery): Promise<Sent> {
    const { sender, vault, logger } = this.options;
    const id = `msg_${delivery.event_id.replaceAll('-', '')}`;
    try {
      const event = await delivered(JSON.parse(delivery.data) as StoredEvent, vault);
      return await sender.send({ id, url, secret, body: JSON.stringify(event) });
    } catch (error) {
      // One message that can't be made must not hold up those behind it.
      logger.error({ err: error, eventId: delivery.event_id }, 'a webhook message could not be made');
      return { ok: false, reason: 'could not be made' };
    }
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiters.add(resolve));
  }

  private changed(): void {
    const waiting = [...this.waiters];
    this.waiters.clear();
    for (const resolve of waiting) resolve();
  }
}
