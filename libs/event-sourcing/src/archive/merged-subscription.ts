import {
  comparePositions,
  EVENTS_IN_A_BATCH,
  type EventStore,
  eventsBeyond,
  type EventSubscription,
  laterPosition,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '../event-store';
import type { Archive } from './archive';
import { ArchiveCursor } from './archive-cursor';
import { ARCHIVE_PREFIX } from './manifest';

/**
 * Follows the event store with what is archived in its place. What the store hands over ends at some position: by then
 * the archive lists all facts up to there that the store could no longer hand over, since they are listed before they
 * are truncated. Whoever follows from beyond everything that is archived never opens a file.
 */
export class MergedSubscription implements EventSubscription {
  private readonly inner: EventSubscription;
  private cursor: ArchiveCursor | undefined;
  /** Up to here everything has been handed over. */
  private after: Position | undefined;
  /** History is not behind yet: another process may archive what the store is about to hand over. */
  private isBehind = true;

  constructor(
    store: Pick<EventStore, 'subscribeToAll'>,
    private readonly archive: Archive,
    private readonly options: SubscribeOptions,
  ) {
    this.after = options.after;
    this.inner = store.subscribeToAll({
      ...options,
      prefixes: [...options.prefixes, ARCHIVE_PREFIX],
      onEvents: (events) => this.take(events),
      onCheckpoint: (position) => this.takeUpTo(position),
      onCaughtUp: () => {
        this.isBehind = false;
        options.onCaughtUp?.();
      },
      onError: (error) => {
        this.isBehind = true;
        options.onError?.(error);
      },
    });
  }

  flush(): void {
    this.inner.flush();
  }

  async stop(): Promise<void> {
    await this.inner.stop();
    await this.cursor?.close();
  }

  private async take(events: readonly RecordedEvent[]): Promise<void> {
    const wanted = events.filter(({ stream }) => this.isWanted(stream));
    const last = events.at(-1)!.position;
    if (this.isBehind || wanted.length < events.length) await this.archive.refresh();
    if (this.archive.reachesBeyond(this.after)) await this.merge(wanted, last);
    else await this.handOver(wanted);
    if (wanted.at(-1) !== events.at(-1)) await this.options.onCheckpoint?.(last);
    this.after = laterPosition(this.after, last);
  }

  private async takeUpTo(position: Position): Promise<void> {
    if (this.isBehind) await this.archive.refresh();
    if (this.archive.reachesBeyond(this.after)) await this.merge([], position);
    await this.options.onCheckpoint?.(position);
    this.after = laterPosition(this.after, position);
  }

  /** Hands over the store's events with those of the archive, up to a position; where both have one, the archive's. */
  private async merge(events: readonly RecordedEvent[], upTo: Position): Promise<void> {
    this.cursor ??= new ArchiveCursor(this.archive, this.options.prefixes, this.after);
    try {
      let batch: RecordedEvent[] = [];
      const add = async (event: RecordedEvent): Promise<void> => {
        batch.push(event);
        if (batch.length < this.batch) return;
        await this.handOver(batch);
        batch = [];
      };
      let next = 0;
      for await (const fact of this.cursor.upTo(upTo)) {
        while (next < events.length && comparePositions(events[next]!.position, fact.position) < 0)
          await add(events[next++]!);
        if (next < events.length && comparePositions(events[next]!.position, fact.position) === 0) next++;
        await add(fact);
      }
      for (const event of events.slice(next)) await add(event);
      await this.handOver(batch);
    } catch (error) {
      // The same comes again, and what was taken of it is passed over.
      await this.cursor.close();
      this.cursor = undefined;
      throw error;
    }
  }

  private async handOver(events: readonly RecordedEvent[]): Promise<void> {
    const unseen = eventsBeyond(this.after, events);
    if (unseen.length === 0) return;
    await this.options.onEvents(unseen);
    this.after = unseen.at(-1)!.position;
  }

  private isWanted(stream: string): boolean {
    return this.options.prefixes.some((prefix) => stream.startsWith(prefix));
  }

  private get batch(): number {
    return this.options.batch?.() ?? EVENTS_IN_A_BATCH;
  }
}
