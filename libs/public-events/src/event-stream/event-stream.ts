import { matcherOf } from '../feed/feed-filter';
import type { FeedHistory } from '../feed/feed-history';
import type { FeedTail, NewsEvent } from '../feed/feed-tail';
import type { EventFilter } from '../feed/queries';
import type { SeamEvent, StoredEvent } from '../public-event';
import type { EndReason, ServerSentEvents } from './server-sent-events';

/** How a stream behaves, ms by the wall clock; events that wait in memory. */
export interface StreamPace {
  readonly heartbeatEvery: number;
  /** A client that takes nothing for this long is dropped. */
  readonly takesWithin: number;
  /** How often, at most, it is checked whether the API key is still valid. */
  readonly allowedFor: number;
  /** How many new events wait for one client in memory; beyond, it reads on from the view. */
  readonly mostWaiting: number;
}

export const STREAM_PACE: StreamPace = {
  heartbeatEvery: 5_000,
  takesWithin: 10_000,
  allowedFor: 1_000,
  mostWaiting: 1_000,
};

/** What one client is to be sent. */
export interface StreamWanted {
  readonly workspaceId: string;
  readonly filter: EventFilter;
  /** What stands after this revision. */
  readonly after: number;
  /** Whether the API key with which the stream was requested is still valid. */
  readonly isAllowed: () => Promise<boolean>;
}

/**
 * One client's stream: what was there before it came, from the view, and then what happens, as it is folded. What
 * comes faster than the client takes it is read again from the view, so that memory is bounded.
 */
export class EventStream {
  private last: number;
  private waiting: NewsEvent[] = [];
  /** It has to read from the view before what comes is of use. */
  private isBehind = true;
  private hasNews = false;
  private wake: () => void = () => undefined;
  private allowedAt = -Infinity;
  private readonly matches: (event: SeamEvent) => boolean;
  private ending: EndReason | undefined;

  constructor(
    private readonly wanted: StreamWanted,
    private readonly out: ServerSentEvents,
    private readonly history: FeedHistory,
    private readonly pace: StreamPace = STREAM_PACE,
  ) {
    this.last = wanted.after;
    this.matches = matcherOf(wanted.filter);
  }

  /** Ends it from outside, with the reason. */
  stop(reason: EndReason): void {
    this.ending ??= reason;
    this.wake();
  }

  /** Resolves when the stream has ended, for whatever reason. */
  async run(tail: FeedTail): Promise<void> {
    const { out, wanted } = this;
    const leave = tail.listen(wanted.workspaceId, (news) => this.hear(news));
    const onOver = () => this.wake();
    out.over.addEventListener('abort', onOver);
    try {
      await this.untilOver();
    } catch {
      // The view can't be read now: the client comes again and finds what it missed.
      this.ending ??= 'service_unavailable';
    } finally {
      leave();
      out.over.removeEventListener('abort', onOver);
      if (!out.over.aborted) out.end(this.ending ?? 'service_unavailable');
    }
  }

  private get isOver(): boolean {
    return this.ending !== undefined || this.out.over.aborted;
  }

  private async untilOver(): Promise<void> {
    while (!this.isOver) {
      if (!(await this.stillAllowed())) return this.stop('unauthorized');
      const takesMore = this.isBehind ? await this.readOn() : this.sendWaiting();
      if (!takesMore && !(await this.out.taken(this.pace.takesWithin))) return this.stop('too_slow');
      if (!this.isOver && !this.isBehind && this.waiting.length === 0) await this.rest();
    }
  }

  private hear(news: readonly NewsEvent[]): void {
    this.hasNews = true;
    if (this.isBehind) return;
    const wanted = news.filter(({ event }) => this.matches(event));
    if (wanted.length === 0) return;
    this.waiting.push(...wanted);
    if (this.waiting.length > this.pace.mostWaiting) {
      this.waiting = [];
      this.isBehind = true;
    }
    this.wake();
  }

  /** The next page of what is in the view. @returns whether the client takes more */
  private async readOn(): Promise<boolean> {
    const { workspaceId, filter } = this.wanted;
    this.hasNews = false;
    const page = await this.history.page(workspaceId, filter, this.last);
    this.last = page.upTo;
    // What was folded while the page was read may not be in it.
    if (page.isEnd && !this.hasNews) this.isBehind = false;
    return this.send(page.events);
  }

  private sendWaiting(): boolean {
    const events = this.waiting.filter(({ revision }) => revision > this.last);
    this.last = events.at(-1)?.revision ?? this.last;
    this.waiting = [];
    return this.send(events);
  }

  private send(events: readonly NewsEvent[]): boolean {
    if (events.length === 0 || this.isOver) return true;
    return this.out.send(events.map(({ event }) => withoutPins(event)));
  }

  /** Waits for news, at most until the next heartbeat is due. */
  private async rest(): Promise<void> {
    const woken = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), this.pace.heartbeatEvery);
      this.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
      if (this.isOver) this.wake();
    });
    if (!woken && !this.isOver && !this.out.heartbeat() && !(await this.out.taken(this.pace.takesWithin)))
      this.stop('too_slow');
  }

  private async stillAllowed(): Promise<boolean> {
    const now = performance.now();
    if (now - this.allowedAt < this.pace.allowedFor) return true;
    this.allowedAt = now;
    return this.wanted.isAllowed();
  }
}

/** As it lies in the public stream, but without what is sealed of a PIN. */
function withoutPins({ sealed_pins: _, ...event }: StoredEvent): SeamEvent {
  return event;
}
