import { Refusal } from '@latchkey/event-sourcing';
import type { OnModuleDestroy } from '@nestjs/common';
import type { FeedHistory } from '../feed/feed-history';
import { type FeedTail } from '../feed/feed-tail';
import type { FeedView } from '../feed/feed-view';
import type { EventFilter } from '../feed/queries';
import { EventStream, STREAM_PACE, type StreamPace } from './event-stream';
import { ServerSentEvents } from './server-sent-events';

/** Why no stream is opened for now. */
export type StreamRefusal = 'too-many-streams';

/** How many streams of a workspace are open at a time. */
export const STREAMS_AT_MOST = 100;

/** What a client asks for. */
export interface StreamAsked {
  readonly workspaceId: string;
  readonly filter: EventFilter;
  /** The event that it has had last: its id, or its place in the workspace's stream. */
  readonly lastEventId?: string | undefined;
  readonly isAllowed: () => Promise<boolean>;
}

/** All streams of events that clients listen to. */
export class EventStreams implements OnModuleDestroy {
  private readonly open = new Map<string, Set<EventStream>>();
  private isStopping = false;

  constructor(
    private readonly history: FeedHistory,
    private readonly tail: FeedTail,
    private readonly feed: FeedView,
    private readonly pace: StreamPace = STREAM_PACE,
  ) {}

  /** How many are open. */
  get count(): number {
    return [...this.open.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Begins a stream; it goes on until the client has gone or it is ended.
   * @throws {Refusal} where the last event is not known, or the workspace has too many streams
   */
  async start({ workspaceId, filter, lastEventId, isAllowed }: StreamAsked): Promise<ServerSentEvents> {
    // What has happened before is no news.
    await this.feed.caughtUp();
    const after = await this.beginning(workspaceId, filter, lastEventId);
    const others = this.open.get(workspaceId) ?? new Set();
    if (others.size >= STREAMS_AT_MOST) {
      throw Refusal.untimely<StreamRefusal>(
        'too-many-streams',
        `A workspace has ${STREAMS_AT_MOST} streams open at most.`,
      );
    }
    const out = new ServerSentEvents();
    const stream = new EventStream({ workspaceId, filter, after, isAllowed }, out, this.history, this.pace);
    this.open.set(workspaceId, others.add(stream));
    if (this.isStopping) stream.stop('service_unavailable');
    void stream.run(this.tail).finally(() => {
      others.delete(stream);
      if (others.size === 0) this.open.delete(workspaceId);
    });
    return out;
  }

  onModuleDestroy(): void {
    this.isStopping = true;
    for (const streams of this.open.values()) {
      for (const stream of streams) stream.stop('service_unavailable');
    }
  }

  /** The revision after which a client has to be told. */
  private async beginning(
    workspaceId: string,
    { since }: EventFilter,
    lastEventId: string | undefined,
  ): Promise<number> {
    const { history } = this;
    const end = () => history.lastRevision(workspaceId);
    if (lastEventId === undefined) {
      const first = since === undefined ? undefined : await history.firstSince(workspaceId, since);
      return first === undefined ? end() : first - 1;
    }
    if (!/^\d{1,15}$/.test(lastEventId)) {
      const found = await history.revisionOf(workspaceId, lastEventId);
      if (found === undefined) throw Refusal.absent('event', 'There is no event of the id in Last-Event-ID.');
      return found;
    }
    const place = Number(lastEventId);
    if (place > (await end())) {
      throw Refusal.invalid('The stream does not go as far as Last-Event-ID says.', {
        last_event_id: 'is beyond the last event',
      });
    }
    return place;
  }
}
