import { Agent } from 'undici';
import type { SimulatedClock } from './clock';
import { type CloudDatabase, isStorageFault } from './database';

interface DeliveryRow {
  seq: number;
  body: string;
  due_at: number;
  attempts: number;
}

interface Queue {
  /** When the next attempt may be made, or null if there is nothing to deliver. */
  nextDue: number | null;
  inFlight: boolean;
}

type Outcome = 'delivered' | 'refused' | 'unreachable';

/** A real time-out: the subscriber is a real server. Everything else here is simulated time. */
const TIMEOUT_MS = 5000;
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
  private readonly queues = new Map<string, Queue>();
  private readonly agent = new Agent({ connect: { timeout: TIMEOUT_MS }, connections: 4 });
  private readonly head;
  private readonly subscription;
  private readonly remove;
  private readonly removeOld;
  private readonly retryLater;
  private readonly block;
  private open = true;
  private flying = 0;
  /** Told when an attempt has come to its end. */
  onSettled: () => void = () => {};

  constructor(
    private readonly db: CloudDatabase,
    private readonly clock: SimulatedClock,
  ) {
    this.head = db.prepare<[string], DeliveryRow>(
      'SELECT seq, body, due_at, attempts FROM deliveries WHERE webhook_id = ? ORDER BY due_at, seq LIMIT 1',
    );
    this.subscription = db.prepare<[string], { url: string; failures: number; blocked_until: number }>(
      'SELECT url, failures, blocked_until FROM subscriptions WHERE webhook_id = ?',
    );
    this.remove = db.prepare<[number]>('DELETE FROM deliveries WHERE seq = ?');
    this.removeOld = db.prepare<[string, number]>(
      'DELETE FROM deliveries WHERE webhook_id = ? AND created_at < ?',
    );
    this.retryLater = db.prepare<[number, number, number]>(
      'UPDATE deliveries SET attempts = ?, due_at = ? WHERE seq = ?',
    );
    this.block = db.prepare<[number, number, string]>(
      'UPDATE subscriptions SET failures = ?, blocked_until = ? WHERE webhook_id = ?',
    );
    const waiting = db
      .prepare<[], { webhook_id: string }>('SELECT DISTINCT webhook_id FROM deliveries')
      .all();
    for (const { webhook_id } of waiting) this.look(webhook_id);
  }

  get inFlight(): number {
    return this.flying;
  }

  /** Looks again at what is to be delivered to this subscriber. */
  look(webhookId: string): void {
    const queue = this.queues.get(webhookId) ?? { nextDue: null, inFlight: false };
    const head = this.head.get(webhookId);
    const subscription = this.subscription.get(webhookId);
    queue.nextDue = head && subscription ? Math.max(head.due_at, subscription.blocked_until) : null;
    if (queue.nextDue === null && !queue.inFlight) this.queues.delete(webhookId);
    else this.queues.set(webhookId, queue);
  }

  /** The instant of the next attempt, those in flight aside, or null. */
  nextDue(): number | null {
    let first: number | null = null;
    for (const { nextDue, inFlight } of this.queues.values()) {
      if (!inFlight && nextDue !== null && (first === null || nextDue < first)) first = nextDue;
    }
    return first;
  }

  /** Starts every attempt that is due by `now`. */
  launchDue(now: number): void {
    if (!this.open) return;
    for (const [webhookId, queue] of this.queues) {
      if (!queue.inFlight && queue.nextDue !== null && queue.nextDue <= now) this.launch(webhookId, queue);
    }
  }

  async close(): Promise<void> {
    this.open = false;
    await this.agent.destroy();
  }

  private launch(webhookId: string, queue: Queue): void {
    const head = this.head.get(webhookId);
    const subscription = this.subscription.get(webhookId);
    if (!head || !subscription) return this.look(webhookId);
    queue.inFlight = true;
    this.flying += 1;
    const settle = (outcome: Outcome): void => {
      // A cloud that closes keeps what is not known to be delivered; its next start sends it again.
      if (this.open && !this.recorded(webhookId, head, outcome)) {
        setTimeout(() => settle(outcome), RECORD_AGAIN_MS).unref();
        return;
      }
      queue.inFlight = false;
      this.flying -= 1;
      if (this.open) this.look(webhookId);
      this.onSettled();
    };
    void this.send(subscription.url, head.body).then(settle);
  }

  /** @returns false where it could not be written now: the queue waits, so that nothing is sent over and over */
  private recorded(webhookId: string, delivery: DeliveryRow, outcome: Outcome): boolean {
    try {
      this.db.transact(() => this.record(webhookId, delivery, outcome));
      return true;
    } catch (error) {
      if (!isStorageFault(error)) throw error;
      return false;
    }
  }

  private async send(url: string, body: string): Promise<Outcome> {
    // Not AbortSignal.timeout: each of those makes an error in the end, whether anybody waits for it or not.
    const giving = new AbortController();
    const { signal } = giving;
    const timer = setTimeout(() => giving.abort(), TIMEOUT_MS);
    try {
      const { origin, pathname, search } = new URL(url);
      const response = await this.agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'lock-cloud' },
        body,
        signal,
      });
      await response.body.dump({ limit: 65536, signal });
      return response.statusCode >= 200 && response.statusCode < 300 ? 'delivered' : 'refused';
    } catch {
      return signal.aborted ? 'refused' : 'unreachable';
    } finally {
      clearTimeout(timer);
    }
  }

  private record(webhookId: string, delivery: DeliveryRow, outcome: Outcome): void {
    const subscription = this.subscription.get(webhookId);
    this.clock.countActivity();
    if (!subscription) return;
    const now = this.clock.now();
    if (outcome === 'delivered') {
      this.remove.run(delivery.seq);
      if (subscription.failures > 0) this.block.run(0, 0, webhookId);
      return;
    }
    const attempts = outcome === 'refused' ? delivery.attempts + 1 : delivery.attempts;
    const stepsOut = attempts >= ATTEMPTS_IN_ORDER;
    const failures = subscription.failures + 1;
    this.retryLater.run(attempts, stepsOut ? now + backoff(attempts) : delivery.due_at, delivery.seq);
    this.block.run(failures, stepsOut ? 0 : now + backoff(failures), webhookId);
    this.removeOld.run(webhookId, now - GIVE_UP_AFTER_MS);
  }
}
