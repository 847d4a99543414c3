import { type Database, migrate, type WebhookEndpoints } from '@latchkey/database';
import { type EventStore, ProjectionRunner, type SharedSubscription } from '@latchkey/event-sourcing';
import type { Clock, Config, Ids, Logger, Random, Vault } from '@latchkey/platform';
import { PUBLIC_EVENTS } from '../public-event';
import { AddressRules } from './addresses';
import { DeliveryQueue } from './delivery-queue';
import { type DeliveryTables, queueMigrations } from './queue-tables';
import { Sender } from './sender';
import { WebhookDeliveries } from './webhook-deliveries';

const FOLLOWED = [`${PUBLIC_EVENTS}-`];
const QUEUED_WITHIN_MS = 5_000;
/** How long a played clock waits for an endpoint's answer, ms by the wall clock. */
const PATIENCE_MS = 500;
/** How long, ms, events may gather: each transaction on the records waits for the disk. */
const LINGER_MS = 20;

/** All of the webhooks of a server: the queue that follows the public streams, and the sender of what it holds. */
export class Webhooks {
  readonly deliveries: WebhookDeliveries;
  private readonly database: Database<DeliveryTables>;
  private readonly sender: Sender;
  private readonly queue: ProjectionRunner;
  private readonly store: EventStore;
  private readonly clock: Clock;

  constructor(options: {
    readonly store: EventStore;
    /** The public streams, followed with others; it begins when it is opened. Left out: a subscription of its own. */
    readonly shared?: SharedSubscription | undefined;
    /** The database of the records: see queueMigrations. */
    readonly database: Database<DeliveryTables>;
    readonly endpoints: WebhookEndpoints;
    readonly vault: Vault;
    readonly clock: Clock;
    readonly ids: Ids;
    readonly random: Random;
    readonly logger: Logger;
    /** Told of each message that was tried. */
    readonly onTried?: ((outcome: 'delivered' | 'failed') => void) | undefined;
    /** Where messages may go. */
    readonly config: Pick<Config, 'sandbox' | 'webhookAllowedHosts'>;
  }) {
    const { store, shared, database, clock, logger, config } = options;
    this.store = store;
    this.clock = clock;
    this.database = database;
    this.sender = new Sender({ rules: new AddressRules(config.sandbox, config.webhookAllowedHosts) });
    this.deliveries = new WebhookDeliveries({ ...options, sender: this.sender });
    this.queue = new ProjectionRunner({
      store,
      database,
      ...(shared && { shared }),
      projection: new DeliveryQueue(clock, () => this.deliveries.wake()),
      linger: () => LINGER_MS,
      clock,
      // The feed lists them.
      listsForeign: false,
      onParked: (_name, event, reason) =>
        logger.error({ eventId: event.id, type: event.type, reason }, 'an event was kept from its webhooks'),
      onError: (_name, error) => logger.warn({ err: error }, 'the webhook queue broke off and begins again'),
      onRecovered: () => logger.info('the webhook queue goes on'),
    });
  }

  /** What folds the queue: to be prepared with all views. */
  get runner(): ProjectionRunner {
    return this.queue;
  }

  /** Makes the queue's tables and follows the public streams; to be called before a shared subscription is opened. */
  async start(): Promise<void> {
    await migrate(this.database, 'webhooks', queueMigrations);
    await this.queue.start();
  }

  /** Resolves when what was told before the start has been queued. */
  get hasHistory(): Promise<void> {
    return this.queue.caughtUp;
  }

  /** Begins to send. */
  work(): Promise<void> {
    return this.deliveries.resume();
  }

  /** Resolves when what was appended to the public streams has been queued, and `settled`. */
  async caughtUp(): Promise<void> {
    await this.queue.reached(this.store.lastAppendedTo(FOLLOWED), QUEUED_WITHIN_MS);
    await this.settled();
  }

  /**
   * Resolves when what is due has been sent, or waits for another attempt, or for an endpoint that is slow to answer:
   * a clock that is played does not wait for that one.
   */
  settled(): Promise<void> {
    return this.deliveries.whenIdle(PATIENCE_MS);
  }

  /** When something that can be sent falls due next, ms; null: never by itself. */
  get nextDue(): number | null {
    const { nextDue } = this.deliveries;
    // What is due now and could not be begun waits for places that slow endpoints hold.
    return nextDue !== null && nextDue > this.clock.now() ? nextDue : null;
  }

  async stop(): Promise<void> {
    await this.queue.stop();
    await this.deliveries.stop();
    await this.sender.close();
  }
}
