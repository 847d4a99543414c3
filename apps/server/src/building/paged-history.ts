import type { HistoryPage } from '@latchkey/embedded-eventstore';
import {
  comparePositions,
  type EventStore,
  EVENTS_IN_A_BATCH,
  type EventSubscription,
  ForwardingEventStore,
  fromStored,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '@latchkey/event-sourcing';

/** Reads all events up to now from beyond a position, of streams whose names begin with one of the prefixes. */
export type ReadPages = (request: {
  readonly after: number;
  readonly prefixes: readonly string[];
}) => AsyncIterable<HistoryPage>;

/** Reads all events of one stream from a revision on. */
export type ReadStreamPages = (request: {
  readonly stream: string;
  readonly fromRevision: number;
}) => AsyncIterable<HistoryPage>;

/**
 * An event store whose history, and whose streams, are read in pages, which costs a fraction of having each event sent by
 * itself. Whatever comes after history, or after something that failed in the middle of it, is followed as ever.
 */
export class PagedHistory extends ForwardingEventStore {
  constructor(
    store: EventStore,
    private readonly pages: ReadPages,
    private readonly streamPages: ReadStreamPages,
  ) {
    super(store);
  }

  override async *read(stream: string, fromRevision = 0, count?: number): AsyncIterable<RecordedEvent> {
    let next = fromRevision;
    if (count === undefined) {
      try {
        for await (const { events } of this.streamPages({ stream, fromRevision }))
          for (const event of events) {
            next = event.revision + 1;
            yield fromStored(event, positionAt(event.position));
          }
        return;
      } catch {
        // The rest comes by the protocol, which tells what is wrong.
      }
    }
    yield* this.store.read(stream, next, count);
  }

  override subscribeToAll(options: SubscribeOptions): EventSubscription {
    return new PagedSubscription(this.store, this.pages, options);
  }
}

class PagedSubscription implements EventSubscription {
  private following: EventSubscription | undefined;
  private stopped = false;
  private readonly reading: Promise<void>;
  /** Everything up to here has been taken. */
  private after: Position | undefined;
  private gathered: RecordedEvent[] = [];

  constructor(
    private readonly store: Pick<EventStore, 'subscribeToAll'>,
    private readonly pages: ReadPages,
    private readonly options: SubscribeOptions,
  ) {
    this.after = options.after;
    this.reading = this.readThenFollow();
  }

  flush(): void {
    this.following?.flush();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.reading;
    await this.following?.stop();
  }

  private async readThenFollow(): Promise<void> {
    try {
      await this.read();
    } catch (error) {
      this.options.onError?.(error);
    }
    if (!this.stopped) this.following = this.store.subscribeToAll({ ...this.options, after: this.after });
  }

  private async read(): Promise<void> {
    const { prefixes, onCheckpoint } = this.options;
    let upTo: Position | undefined;
    for await (const page of this.pages({ after: Number(this.after?.commit ?? 0n), prefixes })) {
      for (const event of page.events) {
        this.gathered.push(fromStored(event, positionAt(event.position)));
        if (this.gathered.length >= (this.options.batch?.() ?? EVENTS_IN_A_BATCH)) await this.handOver();
        if (this.stopped) return;
      }
      upTo = positionAt(page.upTo);
    }
    await this.handOver();
    if (!upTo || (this.after && comparePositions(upTo, this.after) <= 0)) return;
    await onCheckpoint?.(upTo);
    this.after = upTo;
  }

  private async handOver(): Promise<void> {
    const batch = this.gathered;
    if (batch.length === 0) return;
    this.gathered = [];
    await this.options.onEvents(batch);
    this.after = batch.at(-1)!.position;
  }
}

function positionAt(place: number): Position {
  const commit = BigInt(place);
  return { commit, prepare: commit };
}
