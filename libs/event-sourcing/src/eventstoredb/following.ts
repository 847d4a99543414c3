import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type EventStoreDBClient,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { Outage, within } from '@latchkey/platform';
import {
  comparePositions,
  EVENTS_IN_A_BATCH,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '../event-store';
import type { Connection } from './connection';
import { StoreSilent } from './outages';
import { fromClient, positionOf } from './recorded';

/** How many batches may wait for the handler before the store is asked to pause. */
const BATCHES_AHEAD = 4;
/** How long the store may take to confirm a subscription, ms. */
const CONFIRM_WITHIN_MS = 5_000;
const UNSUBSCRIBE_WITHIN_MS = 1_000;

/** Follows a store over one connection, until that breaks. What arrives while the handler works is handed over together. */
export class Following {
  private readonly waiting: Waiting;
  private readonly source: AllStreamSubscription;
  private working: Promise<void> | undefined;
  private ended = false;
  private unsubscribed: Promise<void> | undefined;
  private begin: (() => void) | undefined;
  private fail: (error: unknown) => void = () => undefined;

  /** @param last where it begins, and then how far the handler has taken everything */
  constructor(
    client: EventStoreDBClient,
    private readonly connection: Connection,
    private readonly options: SubscribeOptions,
    public last: Position | undefined,
  ) {
    this.waiting = new Waiting(() => options.batch?.() ?? EVENTS_IN_A_BATCH);
    this.source = client.subscribeToAll({
      fromPosition: last ?? START,
      filter: streamNameFilter({
        prefixes: [...options.prefixes],
        checkpointInterval: 1,
        checkpointReached: (_subscription, position) => {
          this.waiting.checkpoint = position;
          this.schedule();
        },
      }),
    });
  }

  /** Rejects when the connection breaks, once the running handler has ended. */
  async untilBroken(): Promise<never> {
    const { source } = this;
    const forget = this.connection.onRenewed(() =>
      this.fail(new Outage('event store', 'the connection was given up')),
    );
    try {
      return await new Promise<never>((_resolve, reject) => {
        this.fail = reject;
        void this.confirmed().catch(reject);
        source.on('data', (resolved: AllStreamResolvedEvent) => this.take(resolved));
        source.on('caughtUp', () => {
          this.waiting.caughtUp = true;
          this.schedule();
        });
        source.on('error', reject);
        const end = () => reject(new Outage('event store', 'the subscription ended'));
        source.on('end', end);
        source.on('close', end);
      });
    } finally {
      forget();
      // The next one begins after what the running handler has taken, and never runs at the same time.
      await this.end();
      await this.working;
    }
  }

  /** Hands over at once what it was letting gather. */
  flush(): void {
    this.begin?.();
  }

  /** Nothing more is handed over. */
  async end(): Promise<void> {
    this.ended = true;
    this.flush();
    await (this.unsubscribed ??= unsubscribe(this.source));
    // A subscription that is told to end while events are on their way may never say that it has.
    this.fail(new Outage('event store', 'the subscription was ended'));
  }

  private take(resolved: AllStreamResolvedEvent): void {
    const { waiting, source } = this;
    if (!resolved.event) return;
    waiting.events.push(fromClient(resolved.event, positionOf(resolved)));
    if (waiting.events.length >= waiting.batch * BATCHES_AHEAD && !source.isPaused()) source.pause();
    this.schedule();
  }

  private schedule(): void {
    if (this.waiting.hasBatch) this.flush();
    this.working ??= this.gathered().then(() => this.work());
  }

  /** A turn later at least, so that events which arrive together are handled together. */
  private gathered(): Promise<void> {
    const linger = this.waiting.hasBatch ? 0 : (this.options.linger?.() ?? 0);
    return new Promise((resolve) => {
      if (linger === 0) {
        setImmediate(resolve);
        return;
      }
      const timer = setTimeout(resolve, linger);
      this.begin = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async work(): Promise<void> {
    const { waiting } = this;
    try {
      while (!this.ended && waiting.any) {
        await this.handOver();
        if (waiting.any && !waiting.hasBatch) await this.gathered();
      }
      this.working = undefined;
      if (waiting.caughtUp && !this.ended) {
        waiting.caughtUp = false;
        this.options.onCaughtUp?.();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private async handOver(): Promise<void> {
    const { waiting, source, options } = this;
    if (waiting.events.length > 0) {
      const batch = waiting.events.splice(0, waiting.batch);
      if (waiting.events.length < 2 * waiting.batch && source.isPaused()) source.resume();
      await options.onEvents(batch);
      this.last = batch.at(-1)!.position;
      return;
    }
    const checkpoint = waiting.checkpoint!;
    waiting.checkpoint = undefined;
    if (this.last && comparePositions(checkpoint, this.last) <= 0) return;
    await options.onCheckpoint?.(checkpoint);
    this.last = checkpoint;
  }

  /** @throws {Outage} when the store does not say in time that it takes the subscription */
  private async confirmed(): Promise<void> {
    const { source, connection } = this;
    const confirmed = new Promise<void>((resolve) => {
      source.once('confirmation', resolve);
      source.once('error', () => resolve());
      source.once('close', () => resolve());
    });
    const late = () => new StoreSilent('a subscription', CONFIRM_WITHIN_MS);
    try {
      await within(confirmed, CONFIRM_WITHIN_MS, late);
    } catch (error) {
      connection.suspect();
      throw error;
    }
  }
}

/** What has come and was not handed over yet. */
class Waiting {
  readonly events: RecordedEvent[] = [];
  checkpoint: Position | undefined;
  caughtUp = false;

  constructor(private readonly most: () => number) {}

  get batch(): number {
    return this.most();
  }

  get any(): boolean {
    return this.events.length > 0 || this.checkpoint !== undefined;
  }

  /** Waiting would bring no larger batch. */
  get hasBatch(): boolean {
    return this.events.length >= this.batch || this.caughtUp;
  }
}

/** Ends a subscription, without waiting for a connection that can't be had. */
async function unsubscribe(source: AllStreamSubscription): Promise<void> {
  const ended = source.unsubscribe().catch(() => undefined);
  await within(ended, UNSUBSCRIBE_WITHIN_MS, () => new Error('late')).catch(() => undefined);
}
