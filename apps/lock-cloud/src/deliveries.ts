import type { SimulatedClock } from './clock';
import { type CloudDatabase, isStorageFault } from './database';
import { type Outcome, Post } from './post';
import type { Delivery, Subscription, Webhooks } from './webhooks';

const GIVE_UP_AFTER_MS = 24 * 3600_000;
/** A webhook that a living subscriber has refused so often steps out of the line; the others go on. */
const ATTEMPTS_IN_ORDER = 5;

/** An outcome that could not be written is written again after this long, ms. */
const RECORD_AGAIN_MS = 1000;

const backoff = (failures: number) => Math.min(1000 * 2 ** (failures - 1), 3600_000);

/**
 * Delivers webhooks: one at a time per subscriber, in order, apart from the other subscribers. A failed
 * attempt holds up its subscriber's queue for a growing while.
 */
export class Deliveries {
  private readonly post = new Post();
  /** Subscribers to whom something is on its way. */
  private readonly flying = new Set<string>();
  private open = true;
  /** Told when an attempt has come to its end. */
  onSettled: () => void = () => {};

  constructor(
    private readonly db: CloudDatabase,
    private readonly clock: SimulatedClock,
    private readonly webhooks: Webhooks,
  ) {}

  get inFlight(): number {
    return this.flying.size;
  }

  /** The instant of the next attempt, those in flight aside, or null. */
  nextDue(): number | null {
    let first: number | null = null;
    for (const { due } of this.next()) if (first === null || due < first) first = due;
    return first;
  }

  /** Starts every attempt that is due by `now`. */
  launchDue(now: number): void {
    if (!this.open) return;
    for (const { delivery, subscription, due } of this.next())
      if (due <= now) this.launch(delivery, subscription);
  }

  async close(): Promise<void> {
    this.open = false;
    await this.post.close();
  }

  /** The first delivery of each subscriber to whom nothing is on its way. */
  private next(): { delivery: Delivery; subscription: Subscription; due: number }[] {
    const next = [];
    for (const [webhookId, [delivery]] of this.webhooks.waiting()) {
      const subscription = this.flying.has(webhookId) ? undefined : this.webhooks.get(webhookId);
      if (!delivery || !subscription) continue;
      next.push({ delivery, subscription, due: Math.max(delivery.due_at, subscription.blocked_until) });
    }
    return next;
  }

  private launch(delivery: Delivery, { webhook_id, url }: Subscription): void {
    this.flying.add(webhook_id);
    const settle = (outcome: Outcome): void => {
      // A cloud that closes keeps what is not known to be delivered; its next start sends it again.
      if (this.open && !this.recorded(delivery, outcome)) {
        setTimeout(() => settle(outcome), RECORD_AGAIN_MS).unref();
        return;
      }
      this.flying.delete(webhook_id);
      this.onSettled();
    };
    void this.post.send(url, delivery.body).then(settle);
  }

  /** @returns false where it could not be written now: the queue waits, so that nothing is sent over and over */
  private recorded(delivery: Delivery, outcome: Outcome): boolean {
    try {
      this.db.transact(() => this.record(delivery, outcome));
      return true;
    } catch (error) {
      if (!isStorageFault(error)) throw error;
      return false;
    }
  }

  private record(delivery: Delivery, outcome: Outcome): void {
    const { subscriptions, deliveries } = this.webhooks;
    const subscription = this.webhooks.get(delivery.webhook_id);
    this.clock.countActivity();
    if (!subscription) return;
    if (outcome === 'delivered') {
      deliveries.delete(delivery);
      if (subscription.failures > 0) subscriptions.put({ ...subscription, failures: 0, blocked_until: 0 });
      return;
    }
    const now = this.clock.now();
    const attempts = outcome === 'refused' ? delivery.attempts + 1 : delivery.attempts;
    const stepsOut = attempts >= ATTEMPTS_IN_ORDER;
    const failures = subscription.failures + 1;
    deliveries.put({ ...delivery, attempts, due_at: stepsOut ? now + backoff(attempts) : delivery.due_at });
    const blocked_until = stepsOut ? 0 : now + backoff(failures);
    subscriptions.put({ ...subscription, failures, blocked_until });
    for (const old of this.webhooks
      .waitingFor(delivery.webhook_id)
      .filter(isOlderThan(now - GIVE_UP_AFTER_MS)))
      deliveries.delete(old);
  }
}

const isOlderThan = (instant: number) => (delivery: Delivery) => delivery.created_at < instant;
