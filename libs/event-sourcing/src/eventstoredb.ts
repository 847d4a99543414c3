import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  ANY,
  END,
  type AppendExpectedRevision,
  BACKWARDS,
  EventStoreDBClient,
  FORWARDS,
  jsonEvent,
  NO_STREAM,
  type RecordedEvent as ClientEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import {
  AppendTimeout,
  type Appended,
  comparePositions,
  type EventMetadata,
  type EventStore,
  type EventSubscription,
  type ExpectedRevision,
  laterPosition,
  type NewEvent,
  type Position,
  type RecordedEvent,
  RevisionConflict,
  type SubscribeOptions,
} from './event-store';

/** The client never ends an unanswered batch append by itself. */
const APPEND_TIMEOUT_MS = 10_000;
const BATCH = 500;
const RESUBSCRIBE_FIRST_MS = 50;
const RESUBSCRIBE_LIMIT_MS = 5_000;

/** The event store over EventStoreDB's protocol: a cluster, a single server or the embedded node. */
export class EventStoreDb implements EventStore {
  private readonly client: EventStoreDBClient;
  private readonly subscriptions = new Set<Subscription>();
  lastAppended: Position | undefined;
  private readonly lastByPrefix = new Map<string, Position>();

  constructor(connectionString: string) {
    this.client = EventStoreDBClient.connectionString(connectionString);
  }

  async append(stream: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const batch = events.map((event) =>
      jsonEvent({ id: event.id, type: event.type, data: event.data, metadata: { ...event.metadata } }),
    );
    try {
      const result = await within(
        this.client.appendToStream(stream, batch, { expectedRevision: expectedOf(expected) }),
        () => new AppendTimeout(stream, APPEND_TIMEOUT_MS),
      );
      const revision = Number(result.nextExpectedRevision);
      const position = result.position ?? { commit: 0n, prepare: 0n };
      const prefix = stream.slice(0, stream.indexOf('-') + 1);
      this.lastByPrefix.set(prefix, laterPosition(this.lastByPrefix.get(prefix), position));
      this.lastAppended = laterPosition(this.lastAppended, position);
      return { revision, position };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        throw new RevisionConflict(stream, expected, Number(error.actualVersion ?? -1));
      }
      throw error;
    }
  }

  lastAppendedTo(prefixes: readonly string[]): Position | undefined {
    return prefixes.reduce<Position | undefined>((latest, prefix) => {
      const position = this.lastByPrefix.get(prefix);
      return position ? laterPosition(latest, position) : latest;
    }, undefined);
  }

  read(stream: string, fromRevision = 0): AsyncIterable<RecordedEvent> {
    const events = this.client.readStream(stream, {
      direction: FORWARDS,
      fromRevision: fromRevision === 0 ? START : BigInt(fromRevision),
    });
    return recorded(events);
  }

  readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    return recorded(
      this.client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount: count }),
    );
  }

  subscribeToAll(options: SubscribeOptions): EventSubscription {
    const subscription = new Subscription(this.client, options, () =>
      this.subscriptions.delete(subscription),
    );
    this.subscriptions.add(subscription);
    return subscription;
  }

  async truncateBefore(stream: string, revision: number): Promise<void> {
    await this.client.setStreamMetadata(stream, { truncateBefore: revision });
  }

  async ping(): Promise<void> {
    // Read to its end: a read that is left early stays open.
    for await (const _ of this.client.readAll({ maxCount: 1, fromPosition: START }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
    await this.client.dispose();
  }
}

/** A catch-up subscription that outlives its connections. */
class Subscription implements EventSubscription {
  private stopped = false;
  private source: AllStreamSubscription | undefined;
  private readonly done: Promise<void>;
  private wake: (() => void) | undefined;
  private begin: (() => void) | undefined;
  private last: Position | undefined;

  constructor(
    private readonly client: EventStoreDBClient,
    private readonly options: SubscribeOptions,
    private readonly onStopped: () => void,
  ) {
    this.last = options.after;
    this.done = this.run();
  }

  hurry(): void {
    this.begin?.();
  }

  /** A turn later at least, so that events which arrive together are handled together. */
  private gathered(): Promise<void> {
    const linger = this.options.linger?.() ?? 0;
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
    this.hurry();
    await this.source?.unsubscribe().catch(() => undefined);
    await this.done;
    this.onStopped();
  }

  private async run(): Promise<void> {
    let pause = RESUBSCRIBE_FIRST_MS;
    while (!this.stopped) {
      const before = this.last;
      try {
        await this.follow();
      } catch (error) {
        if (this.stopped) return;
        this.options.onError?.(error);
      }
      if (this.stopped) return;
      pause = this.last === before ? Math.min(pause * 2, RESUBSCRIBE_LIMIT_MS) : RESUBSCRIBE_FIRST_MS;
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
    const source = this.client.subscribeToAll({
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
    const waiting: { events: RecordedEvent[]; checkpoint: Position | undefined; caughtUp: boolean } = {
      events: [],
      checkpoint: undefined,
      caughtUp: false,
    };
    let working: Promise<void> | undefined;
    let ended = false;
    let fail: (error: unknown) => void = () => undefined;
    let finish: () => void = () => undefined;

    const work = async (): Promise<void> => {
      try {
        while (!this.stopped && !ended && (waiting.events.length > 0 || waiting.checkpoint)) {
          if (waiting.events.length > 0) {
            const batch = waiting.events.splice(0, BATCH);
            if (waiting.events.length < BATCH && source.isPaused()) source.resume();
            await this.options.onEvents(batch);
            this.last = batch.at(-1)!.position;
          } else {
            const checkpoint = waiting.checkpoint!;
            waiting.checkpoint = undefined;
            if (!this.last || comparePositions(checkpoint, this.last) > 0) {
              await this.options.onCheckpoint?.(checkpoint);
              this.last = checkpoint;
            }
          }
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
      if (working) return;
      working = this.gathered().then(work);
    };

    try {
      await new Promise<void>((resolve, reject) => {
        fail = reject;
        finish = resolve;
        source.on('data', (resolved: AllStreamResolvedEvent) => {
          const event = resolved.event;
          if (!event) return;
          waiting.events.push(fromClient(event, positionOf(resolved)));
          if (waiting.events.length >= BATCH * 4 && !source.isPaused()) source.pause();
          schedule();
        });
        source.on('caughtUp', () => {
          waiting.caughtUp = true;
          schedule();
        });
        source.on('error', reject);
        source.on('end', () => finish());
        source.on('close', () => finish());
      });
    } finally {
      // Whoever follows next begins after what the handler at work has taken, and never beside it.
      ended = true;
      this.hurry();
      await source.unsubscribe().catch(() => undefined);
      await working;
    }
  }
}

function positionOf(resolved: AllStreamResolvedEvent): Position {
  const position = resolved.event?.position;
  if (position) return position;
  return { commit: resolved.commitPosition ?? 0n, prepare: resolved.commitPosition ?? 0n };
}

async function* recorded(events: AsyncIterable<{ event?: ClientEvent }>): AsyncIterable<RecordedEvent> {
  try {
    for await (const { event } of events) {
      // A foreign one in bytes too: it counts as a revision of its stream.
      if (event) yield fromClient(event, event.position ?? { commit: 0n, prepare: 0n });
    }
  } catch (error) {
    if (error instanceof StreamNotFoundError || error instanceof StreamDeletedError) return;
    throw error;
  }
}

function fromClient(event: ClientEvent, position: Position): RecordedEvent {
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: Number(event.revision),
    position,
    data: event.data,
    metadata: event.metadata as unknown as EventMetadata,
  };
}

function expectedOf(expected: ExpectedRevision): AppendExpectedRevision {
  if (expected === 'any') return ANY;
  if (expected === 'no-stream' || expected === -1) return NO_STREAM;
  return BigInt(expected);
}

async function within<T>(work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), APPEND_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
