import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { backOff, Outage, type Random, within } from '@latchkey/platform';
import {
  comparePositions,
  EVENTS_IN_A_BATCH,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '../event-store';
import type { Connection } from './connection';
import { meaning, StoreDamaged, StoreSilent } from './outages';
import { fromClient, positionOf } from './recorded';

/** So many batches may wait for the handler before the store is asked to pause. */
const BATCHES_AHEAD = 4;
/** A store that is back is followed again within the limit, ms. */
const RESUBSCRIBE = { first: 50, limit: 2_000 };
/** So long the store may take to confirm a subscription, ms. */
const CONFIRM_WITHIN_MS = 5_000;
const UNSUBSCRIBE_WITHIN_MS = 1_000;

/** A catch-up subscription that outlives its connections. It ends by itself only where the store is damaged. */
export class Subscription implements EventSubscription {
  private stopped = false;
  private source: AllStreamSubscription | undefined;
  private readonly done: Promise<void>;
  private wake: (() => void) | undefined;
  private begin: (() => void) | undefined;
  private last: Position | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly options: SubscribeOptions,
    private readonly random: Random,
    private readonly onStopped: () => void,
  ) {
    this.last = options.after;
    this.done = this.run();
  }

  flush(): void {
    this.begin?.();
  }

  /** A turn later at least, so that events which arrive together are handled together. */
  private gathered(waiting: Waiting): Promise<void> {
    const linger = waiting.hasBatch ? 0 : (this.options.linger?.() ?? 0);
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

  async stop(): Promise<void> {
    this.stopped = true;
    this.wake?.();
    this.flush();
    if (this.source) await unsubscribe(this.source);
    await this.done;
    this.onStopped();
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopped) {
      const before = this.last;
      try {
        await this.follow();
      } catch (error) {
        if (this.stopped) return;
        const meant = meaning(error);
        this.options.onError?.(meant);
        if (meant instanceof StoreDamaged) return;
      }
      if (this.stopped) return;
      failures = this.last === before ? failures + 1 : 0;
      const pause = backOff(failures, RESUBSCRIBE, this.random);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Follows until the connection breaks. What arrives while the handler works is handed over together. */
  private async follow(): Promise<void> {
    const client = await this.connection.current();
    if (this.stopped) return;
    const waiting = new Waiting(() => this.options.batch?.() ?? EVENTS_IN_A_BATCH);
    let working: Promise<void> | undefined;
    let ended = false;
    let fail: (error: unknown) => void = () => undefined;

    const work = async (): Promise<void> => {
      try {
        while (!this.stopped && !ended && waiting.any) {
          await this.handOver(waiting, source);
          if (waiting.any && !waiting.hasBatch) await this.gathered(waiting);
        }
        working = undefined;
        if (waiting.caughtUp && !ended) {
          waiting.caughtUp = false;
          this.options.onCaughtUp?.();
        }
      } catch (error) {
        fail(error);
      }
    };
    const schedule = (): void => {
      if (waiting.hasBatch) this.begin?.();
      working ??= this.gathered(waiting).then(work);
    };
    const source = client.subscribeToAll({
      fromPosition: this.last ?? START,
      filter: streamNameFilter({
        prefixes: [...this.options.prefixes],
        checkpointInterval: 1,
        checkpointReached: (_subscription, position) => {
          waiting.checkpoint = position;
          schedule();
        },
      }),
    });
    this.source = source;
    const forget = this.connection.onRenewed(() =>
      fail(new Outage('event store', 'the connection was given up')),
    );
    try {
      await new Promise<never>((_resolve, reject) => {
        fail = reject;
        void this.confirmed(source).catch(reject);
        source.on('data', (resolved: AllStreamResolvedEvent) => {
          const event = resolved.event;
          if (!event) return;
          waiting.events.push(fromClient(event, positionOf(resolved)));
          if (waiting.events.length >= waiting.batch * BATCHES_AHEAD && !source.isPaused()) source.pause();
          schedule();
        });
        source.on('caughtUp', () => {
          waiting.caughtUp = true;
          schedule();
        });
        source.on('error', reject);
        const end = () => reject(new Outage('event store', 'the subscription ended'));
        source.on('end', end);
        source.on('close', end);
      });
    } finally {
      // Whoever follows next begins after what the handler at work has taken, and never beside it.
      ended = true;
      forget();
      this.flush();
      await unsubscribe(source);
      await working;
    }
  }

  /** @throws {Outage} when the store does not say in time that it takes the subscription */
  private async confirmed(source: AllStreamSubscription): Promise<void> {
    const confirmed = new Promise<void>((resolve) => {
      source.once('confirmation', resolve);
      source.once('error', () => resolve());
      source.once('close', () => resolve());
    });
    const late = () => new StoreSilent('a subscription', CONFIRM_WITHIN_MS);
    try {
      await within(confirmed, CONFIRM_WITHIN_MS, late);
    } catch (error) {
      this.connection.suspect();
      throw error;
    }
  }

  private async handOver(waiting: Waiting, source: AllStreamSubscription): Promise<void> {
    if (waiting.events.length > 0) {
      const batch = waiting.events.splice(0, waiting.batch);
      if (waiting.events.length < 2 * waiting.batch && source.isPaused()) source.resume();
      await this.options.onEvents(batch);
      this.last = batch.at(-1)!.position;
      return;
    }
    const checkpoint = waiting.checkpoint!;
    waiting.checkpoint = undefined;
    if (this.last && comparePositions(checkpoint, this.last) <= 0) return;
    await this.options.onCheckpoint?.(checkpoint);
    this.last = checkpoint;
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
