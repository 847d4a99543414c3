import { convertToCommandError } from '@eventstore/db-client';
import type { ClientReadableStream } from '@grpc/grpc-js';
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
import type { ReadAnswer } from './wire/read-answer';
import type { StreamsCalls } from './wire/streams-calls';

/** How many batches may wait for the handler before the store is asked to pause. */
const BATCHES_AHEAD = 4;
/** How long the store may take to confirm a subscription, ms. */
const CONFIRM_WITHIN_MS = 5_000;
const UNSUBSCRIBE_WITHIN_MS = 1_000;

type Source = ClientReadableStream<ReadAnswer>;

/** Follows a store over one connection, until that breaks. What arrives while the handler works is handed over together. */
export class Following {
  private readonly waiting: Waiting;
  private readonly opening: Promise<Source>;
  private source: Source | undefined;
  private working: Promise<void> | undefined;
  private ended = false;
  private unsubscribed: Promise<void> | undefined;
  private begin: (() => void) | undefined;
  private fail: (error: unknown) => void = () => undefined;

  /** @param last where it begins, and then how far the handler has taken everything */
  constructor(
    streams: Pick<StreamsCalls, 'follow'>,
    private readonly connection: Connection,
    private readonly options: SubscribeOptions,
    public last: Position | undefined,
  ) {
    this.waiting = new Waiting(() => options.batch?.() ?? EVENTS_IN_A_BATCH);
    this.opening = streams.follow(last, options.prefixes);
    this.opening.catch(() => undefined);
  }

  /** Rejects when the connection breaks, once the running handler has ended. */
  async untilBroken(): Promise<never> {
    const forget = this.connection.onRenewed(() =>
      this.fail(new Outage('event store', 'the connection was given up')),
    );
    try {
      return await new Promise<never>((_resolve, reject) => {
        this.fail = reject;
        void this.listen().catch(reject);
      });
    } finally {
      forget();
      // The next one begins after what the running handler has taken, and never runs at the same time.
      await this.end();
      await this.working;
    }
  }

  /** @throws {Outage} when the store does not say in time that it takes the subscription */
  private async listen(): Promise<void> {
    const { connection, opening, fail } = this;
    const confirmed = opening.then((source) => {
      this.source = source;
      const over = new Promise<void>((resolve) => {
        source.on('error', (error) => {
          fail(convertToCommandError(error));
          resolve();
        });
        const end = (): void => {
          fail(new Outage('event store', 'the subscription ended'));
          resolve();
        };
        source.on('end', end);
        source.on('close', end);
      });
      const taken = new Promise<void>((resolve) =>
        source.on('data', (answer: ReadAnswer) => {
          if (answer.is === 'confirmation') resolve();
          else this.take(answer, source);
        }),
      );
      return Promise.race([taken, over]);
    });
    const late = () => new StoreSilent('a subscription', CONFIRM_WITHIN_MS);
    try {
      await within(confirmed, CONFIRM_WITHIN_MS, late);
    } catch (error) {
      connection.suspect();
      throw error;
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
    await (this.unsubscribed ??= unsubscribe(this.opening));
    // A subscription that is told to end while events are on their way may never say that it has.
    this.fail(new Outage('event store', 'the subscription was ended'));
  }

  private take(answer: ReadAnswer, source: Source): void {
    const { waiting } = this;
    switch (answer.is) {
      case 'event':
        waiting.events.push(answer.event);
        if (waiting.events.length >= waiting.batch * BATCHES_AHEAD && !source.isPaused()) source.pause();
        break;
      case 'checkpoint':
        waiting.checkpoint = answer.position;
        break;
      case 'caught-up':
        waiting.caughtUp = true;
        break;
      default:
        return;
    }
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
      if (waiting.events.length < 2 * waiting.batch && source?.isPaused()) source.resume();
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
async function unsubscribe(opening: Promise<Source>): Promise<void> {
  // In a turn of its own: a call that is cancelled while it hands something over stays open.
  const ended = opening.then((source) => setImmediate(() => source.cancel())).catch(() => undefined);
  await within(ended, UNSUBSCRIBE_WITHIN_MS, () => new Error('late')).catch(() => undefined);
}
