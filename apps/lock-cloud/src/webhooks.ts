import { randomUUID } from 'node:crypto';
import type { CloudDatabase } from './database';
import type { Locks } from './locks';
import type { EventType, Lock, LockEvent } from './model';

interface SubscriptionRow {
  seq: number;
  webhook_id: string;
  account_id: string;
  url: string;
  events: string;
}

export interface Subscription {
  webhook_id: string;
  url: string;
  events: EventType[];
}

/** The second copy of a repeated webhook leaves so much later, so that it also comes out of order. */
const REPEAT_AFTER_MS = 2000;

const outcomes: ReadonlySet<EventType> = new Set([
  'access_code.created',
  'access_code.updated',
  'access_code.deleted',
]);

const fromRow = ({ webhook_id, url, events }: SubscriptionRow): Subscription => ({
  webhook_id,
  url,
  events: JSON.parse(events) as EventType[],
});

/** The subscribers to reports of an account's locks, and what is to be delivered to them. */
export class Webhooks {
  private readonly ofAccount;
  /** The subscriptions of each account as last read: every event asks for them. */
  private readonly known = new Map<string, Subscription[]>();
  private readonly upsert;
  private readonly removeSubscription;
  private readonly removeDeliveries;
  private readonly insertDelivery;
  /** Told whenever something is to be delivered to a subscriber. */
  onDelivery: (webhookId: string) => void = () => {};

  constructor(
    private readonly db: CloudDatabase,
    private readonly locks: Locks,
  ) {
    this.ofAccount = db.prepare<[string], SubscriptionRow>(
      'SELECT * FROM subscriptions WHERE account_id = ? ORDER BY seq',
    );
    this.upsert = db.prepare<[string, string, string, string], SubscriptionRow>(
      `INSERT INTO subscriptions (webhook_id, account_id, url, events) VALUES (?, ?, ?, ?)
       ON CONFLICT (account_id, url) DO UPDATE SET events = excluded.events RETURNING *`,
    );
    this.removeSubscription = db.prepare<[string]>('DELETE FROM subscriptions WHERE webhook_id = ?');
    this.removeDeliveries = db.prepare<[string]>('DELETE FROM deliveries WHERE webhook_id = ?');
    this.insertDelivery = db.prepare<[string, string, number, number]>(
      'INSERT INTO deliveries (webhook_id, body, created_at, due_at) VALUES (?, ?, ?, ?)',
    );
  }

  list(accountId: string): Subscription[] {
    const known = this.known.get(accountId) ?? this.ofAccount.all(accountId).map(fromRow);
    this.known.set(accountId, known);
    return known;
  }

  /** Subscribing the same URL again keeps its webhook_id and replaces its list of events. */
  subscribe(accountId: string, url: string, events: EventType[]): Subscription {
    this.known.delete(accountId);
    return fromRow(this.upsert.get(randomUUID(), accountId, url, JSON.stringify(events)) as SubscriptionRow);
  }

  /** Undelivered webhooks go with their subscription. False if the account has no such webhook. */
  unsubscribe(accountId: string, webhookId: string): boolean {
    if (!this.list(accountId).some((subscription) => subscription.webhook_id === webhookId)) return false;
    this.known.delete(accountId);
    this.db.transact(() => {
      this.removeSubscription.run(webhookId);
      this.removeDeliveries.run(webhookId);
    });
    this.onDelivery(webhookId);
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
      this.insertDelivery.run(webhook_id, body, at, due);
      if (repeat) this.insertDelivery.run(webhook_id, body, at, due + REPEAT_AFTER_MS);
      this.onDelivery(webhook_id);
    }
  }
}
