import type {
  EventStore,
  EventSubscription,
  Position,
  RecordedEvent,
  SubscribeOptions,
} from '../event-store';
import { ForwardingEventStore } from '../forwarding-event-store';
import type { Archive } from './archive';
import { MergedSubscription } from './merged-subscription';

/**
 * An event store whose oldest facts may be in an archive: streams and subscriptions read them from there, in
 * order. `readAllBackwards` alone shows only what the store itself has.
 */
export class ArchivedEventStore extends ForwardingEventStore {
  /** @param mayBeArchived whether facts of a stream are archived at all; of others the archive is never asked */
  constructor(
    store: EventStore,
    private readonly archive: Archive,
    private readonly mayBeArchived: (stream: string) => boolean,
  ) {
    super(store);
  }

  override async *read(stream: string, fromRevision = 0, count = Infinity): AsyncIterable<RecordedEvent> {
    const most = count === Infinity ? undefined : count;
    if (!this.mayBeArchived(stream)) {
      yield* this.store.read(stream, fromRevision, most);
      return;
    }
    let next = fromRevision;
    let left = count;
    for await (const event of this.store.read(stream, fromRevision, most)) {
      // What comes before it is archived, or was truncated for another reason.
      if (event.revision > next) {
        for await (const fact of this.archived(stream, next)) {
          if (fact.revision >= event.revision || left <= 0) break;
          left--;
          yield fact;
        }
      }
      next = event.revision + 1;
      if (left-- > 0) yield event;
    }
    // Nothing at all was read: all of it may be archived.
    if (next > fromRevision || left <= 0) return;
    for await (const fact of this.archived(stream, fromRevision)) {
      if (left-- <= 0) break;
      yield fact;
    }
  }

  override async *readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent> {
    let lowest = Infinity;
    let left = count;
    for await (const event of this.store.readBackwards(stream, count)) {
      lowest = event.revision;
      left--;
      yield event;
    }
    if (left <= 0 || lowest === 0 || !this.mayBeArchived(stream)) return;
    await this.archive.refresh();
    if (this.archive.isEmpty) return;
    for await (const fact of this.archive.ofStreamBackwards(stream, lowest)) {
      yield fact;
      if (--left <= 0) return;
    }
  }

  override async eventAt(position: Position): Promise<RecordedEvent | undefined | null> {
    return (await this.archive.at(position)) ?? this.store.eventAt(position);
  }

  override subscribeToAll(options: SubscribeOptions): EventSubscription {
    return new MergedSubscription(this.store, this.archive, options);
  }

  private async *archived(stream: string, fromRevision: number): AsyncIterable<RecordedEvent> {
    // A reader that goes on knows the files from what it follows; a new one may be the first to see a file.
    if (fromRevision === 0) await this.archive.refresh();
    if (!this.archive.isEmpty) yield* this.archive.ofStream(stream, fromRevision);
  }
}
