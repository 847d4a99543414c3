import {
  type Appended,
  type EventStore,
  type EventSubscription,
  type ExpectedRevision,
  ForwardingEventStore,
  type NewEvent,
  type SubscribeOptions,
} from '@latchkey/event-sourcing';
import { LRUCache } from 'lru-cache';
import { traced, type Tracing } from './tracing';

/** Of so many streams it is known by which span they went on last. */
const STREAMS = 20_000;

/**
 * Makes appends spans, and writes into the metadata of events by which span they were appended: later work on the
 * stream, in any process, continues the trace of its cause.
 */
export class TracedEventStore extends ForwardingEventStore {
  private readonly last = new LRUCache<string, string>({ max: STREAMS });

  constructor(
    store: EventStore,
    private readonly tracing: Tracing,
  ) {
    super(store);
  }

  /** The traceparent of what appended to a stream last, as far as this process has heard; undefined: unknown. */
  lastTraceOf(stream: string): string | undefined {
    return this.last.get(stream);
  }

  /** What happens of its own accord, and not in a span, is appended without one. */
  override append(
    stream: string,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
  ): Promise<Appended> {
    const { current } = this.tracing;
    if (current === undefined) return this.store.append(stream, events, expected);
    const attributes = {
      'db.system.name': 'eventstoredb',
      'latchkey.stream': stream,
      'latchkey.event_types': events.map(({ type }) => type).join(' '),
    };
    const append = async () => {
      const traceparent = this.tracing.current!;
      const marked = events.map((event) => ({ ...event, metadata: { ...event.metadata, traceparent } }));
      const appended = await this.store.append(stream, marked, expected);
      this.last.set(stream, traceparent);
      return appended;
    };
    return traced(this.tracing, 'append', attributes, append, undefined, this.linkOf(stream, current));
  }

  /** A report of a lock has a trace of its own: it is linked with what was done to the stream before. */
  private linkOf(stream: string, current: string): string | undefined {
    const last = this.lastTraceOf(stream);
    return last === undefined || traceIdOf(last) === traceIdOf(current) ? undefined : last;
  }

  override subscribeToAll(options: SubscribeOptions): EventSubscription {
    return this.store.subscribeToAll({
      ...options,
      onEvents: (events) => {
        for (const { stream, metadata } of events) {
          const traceparent: unknown = metadata?.traceparent;
          if (typeof traceparent === 'string') this.last.set(stream, traceparent);
        }
        return options.onEvents(events);
      },
    });
  }
}

const traceIdOf = (traceparent: string): string | undefined => traceparent.split('-')[1];
