import { randomUUID } from 'node:crypto';
import type { CloudDatabase } from './database';
import type { Locks } from './locks';
import type { EventType, Lock, LockEvent } from './model';
import { ByKey, InOrder } from './rows';
import { Table } from './table';

export interface Subscription {
  readonly seq: number;
  readonly webhook_id: string;
  readonly account_id: string;
  readonly url: string;
  readonly events: readonly EventType[];
  /** Attempts that have failed since the last one that did not. */
  readonly failures: number;
  readonly blocked_until: number;
}

export interface Delivery {
  readonly seq: number;
  readonly webhook_id: string;
  readonly body: string;
  readonly created_at: number;
  readonly due_at: number;
  readonly attempts: number;
}

/** The second copy of a repeated webhook leaves so much later, so that it also comes out of order. */
const REPEAT_AFTER_MS = 2000;

const outcomes: ReadonlySet<EventType> = new Set([
  'access_code.created',
  'access_code.updated',
  'access_code.deleted',
]);

/** The subscribers to reports of an account's locks, and what is to be delivered to them. */
export class Webhooks {
  private readonly byId = new ByKey<Subscription>(({ webhook_id }) => webhook_id);
  private readonly ofAccount = new InOrder<Subscription>(({ account_id }) => account_id);
  private readonly bySubscriber = new InOrder<Delivery>(
    ({ webhook_id }) => webhook_id,
    ({ due_at }) => due_at,
  );
  readonly subscriptions: Table<Subscription>;
  readonly deliveries: Table<Delivery>;

  constructor(
    private readonly db: CloudDatabase,
    private readonly locks: Locks,
  ) {
    this.subscriptions = new Table(db, {
      name: 'subscriptions',
      indexes: [this.byId, this.ofAccount],
      columns: {
        webhook_id: (subscription) => subscription.webhook_id,
        account_id: (subscription) => subscription.account_id,
        url: (subscription) => subscription.url,
        events: ({ events }) => JSON.stringify(events),
        failures: (subscription) => subscription.failures,
        blocked_until: (subscription) => subscription.blocked_until,
      },
      read: (stored) => ({
        ...(stored as unknown as Subscription),
        events: JSON.parse(String(stored.events)) as EventType[],
      }),
    });
    this.deliveries = new Table(db, {
      name: 'deliveries',
      indexes: [this.bySubscriber],
      columns: {
        webhook_id: (delivery) => delivery.webhook_id,
        body: (delivery) => delivery.body,
        created_at: (delivery) => delivery.created_at,
        due_at: (delivery) => delivery.due_at,
        attempts: (delivery) => delivery.attempts,
      },
      read: (stored) => stored as unknown as Delivery,
    });
  }

  get(webhookId: string): Subscription | undefined {
    return this.byId.get(webhookId);
  }

  list(accountId: string): readonly Subscription[] {
    return this.ofAccount.of(accountId);
  }

  /** Each subscriber for whom something is to be delivered, with that in its order. */
  waiting(): Iterable<[webhookId: string, deliveries: readonly Delivery[]]> {
    return this.bySubscriber.all();
  }

  waitingFor(webhookId: string): readonly Delivery[] {
    return this.bySubscriber.of(webhookId);
  }

  /** Subscribing the same URL again keeps its webhook_id and replaces its list of events. */
  subscribe(accountId: string, url: string, events: readonly EventType[]): Subscription {
    const known = this.list(accountId).find((subscription) => subscription.url === url);
    const subscription: Subscription = known
      ? { ...known, events }
      : {
          seq: this.subscriptions.nextSeq(),
          webhook_id: randomUUID(),
          account_id: accountId,
          url,
          events,
          failures: 0,
          blocked_until: 0,
        };
    this.subscriptions.put(subscription);
    return subscription;
  }

  /** Undelivered webhooks go with their subscription. False if the account has no such webhook. */
  unsubscribe(accountId: string, webhookId: string): boolean {
    const subscription = this.get(webhookId);
    if (subscription?.account_id !== accountId) return false;
    this.db.transact(() => {
      this.subscriptions.delete(subscription);
      for (const delivery of [...this.waitingFor(webhookId)]) this.deliveries.delete(delivery);
    });
    return true;
  }

  /** Lays the event down for delivery to each subscriber of the lock's account, as the lock's faults have it. */
  publish(lock: Lock, event: LockEvent, at: number): void {
    const wanted = this.list(lock.account_id).filter(({ events }) => events.includes(event.event_type));
    if (wanted.length === 0) return;
    const faults = lock.faults;
    const isOutcome = outcomes.has(event.event_type);
    if (isOutcome && faults.lose_webhooks > 0) {
      this.locks.setFaults(lock, { lose_webhooks: faults.lose_webhooks - 1 }, lock.updated_at);
      return;
    }
    const repeat = isOutcome && faults.repeat_webhooks > 0;
    if (repeat) this.locks.setFaults(lock, { repeat_webhooks: faults.repeat_webhooks - 1 }, lock.updated_at);
    const body = JSON.stringify(event);
    const due = at + faults.delay_webhooks_ms;
    for (const { webhook_id } of wanted) {
      this.deliver(webhook_id, body, at, due);
      if (repeat) this.deliver(webhook_id, body, at, due + REPEAT_AFTER_MS);
    }
  }

  private deliver(webhook_id: string, body: string, created_at: number, due_at: number): void {
    const seq = this.deliveries.nextSeq();
    this.deliveries.put({ seq, webhook_id, body, created_at, due_at, attempts: 0 });
  }
}
