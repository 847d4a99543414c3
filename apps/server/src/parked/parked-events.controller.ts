import { openStores, type Stores } from '@latchkey/database';
import type { EventStore } from '@latchkey/event-sourcing';
import { Flag, Params, schema, SeamRoute, Uuid, Whole } from '@latchkey/http';
import {
  ApiError,
  AUDIT_DATABASE,
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  EVENT_STORE,
  FEED_DATABASE,
  type Logger,
  LOGGER,
  RECORDS_DATABASE,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { type ParkedEvent, ParkedEvents } from './parked-events';
import { retryParked, viewsToRetry } from './retry-parked';
import { NotReplayable } from '../replay/beside';

const { id, instant, listOf, named, objectOf, text, whole } = schema;

const MOST = 1_000;

const PARKED_EVENT_SCHEMA = named(
  'parked_event',
  objectOf({
    event_id: id,
    event_type: text,
    stream: text,
    view: text,
    position: text,
    reason: text,
    parked_at: instant,
  }),
);

const COUNT_SCHEMA = named('parked_event_count', whole);
const VIEWS_SCHEMA = named('view_names', listOf(text));

class ListParkedEventsParams {
  @Whole({
    optional: true,
    default: 500,
    min: 1,
    max: MOST,
    description: 'How many at most, the oldest first.',
  })
  limit!: number;
}

class SomeParkedParams {
  @Uuid({ optional: true, description: 'One event; give it, or `all`.' })
  event_id?: string;

  @Flag({ optional: true, description: 'Every parked event.' })
  all?: boolean;
}

/**
 * /parked_events: the events that views go on without. They are the whole server's, and not a workspace's: for API keys
 * with the permission `operations`.
 */
@Controller()
export class ParkedEventsController {
  private readonly parked: ParkedEvents;
  private retrying: Promise<void> | undefined;

  constructor(
    @Inject(VIEWS_DATABASE) views: Stores<unknown>['views'],
    @Inject(FEED_DATABASE) feed: Stores<unknown>['feed'],
    @Inject(AUDIT_DATABASE) audit: Stores<unknown>['audit'],
    @Inject(RECORDS_DATABASE) recordsDatabase: Stores<unknown>['recordsDatabase'],
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.parked = new ParkedEvents({ views, feed, audit, recordsDatabase });
  }

  @SeamRoute('/parked_events/list', ['GET'], {
    summary: 'The events that views go on without, and why',
    answer: { parked_events: { listOf: PARKED_EVENT_SCHEMA }, parked_event_count: COUNT_SCHEMA },
    params: ListParkedEventsParams,
    permission: 'operations',
  })
  async list(@Params(ListParkedEventsParams) { limit }: ListParkedEventsParams) {
    const all = await this.parked.some(undefined);
    all.sort((a, b) => (a.parked_at < b.parked_at ? -1 : a.parked_at > b.parked_at ? 1 : 0));
    return { parked_events: all.slice(0, limit), parked_event_count: all.length };
  }

  @SeamRoute('/parked_events/drop', [], {
    summary: 'Takes one event, or all, off the list; views go on without them',
    answer: { parked_events: { listOf: PARKED_EVENT_SCHEMA } },
    params: SomeParkedParams,
    permission: 'operations',
  })
  async drop(@Params(SomeParkedParams) params: SomeParkedParams) {
    return { parked_events: await this.parked.drop(wantedOf(params)) };
  }

  @SeamRoute('/parked_events/retry', [], {
    summary: 'Folds the views again that go on without one event, or any; the list shows what comes of it',
    answer: { parked_events: { listOf: PARKED_EVENT_SCHEMA }, views: VIEWS_SCHEMA },
    params: SomeParkedParams,
    permission: 'operations',
  })
  async retry(@Params(SomeParkedParams) params: SomeParkedParams) {
    const events = await this.parked.some(wantedOf(params));
    if (this.retrying) throw ApiError.conflict('retry_under_way', 'Parked events are being retried already.');
    const views = await this.begin(events);
    return { parked_events: events.filter(({ view }) => views.includes(view)), views };
  }

  /** On connections of its own, so that no reader waits for it. @returns the views that are folded again */
  private async begin(events: readonly ParkedEvent[]): Promise<string[]> {
    const { store, config, clock, logger } = this;
    const stores = await openStores(config);
    const parts = { store, config, clock, stores };
    let views: string[];
    try {
      views = viewsToRetry(parts, events);
    } catch (error) {
      await stores.close();
      if (error instanceof NotReplayable) throw ApiError.badRequest('not_retryable', error.message);
      throw error;
    }
    this.retrying = retryParked(parts, views)
      .then((retried) => {
        for (const { view, failure } of retried) {
          if (failure === null) logger.info({ view }, 'a view was folded again, with what was parked');
          else logger.error({ view, reason: failure }, 'a view still goes on without an event');
        }
      })
      .catch((error: unknown) => logger.error({ err: error }, 'parked events could not be retried'))
      .finally(() => {
        this.retrying = undefined;
        return stores.close();
      });
    return views;
  }
}

/** @throws {ApiError} unless one, or all, are named; undefined: all */
function wantedOf({ event_id: eventId, all = false }: SomeParkedParams): string | undefined {
  if ((eventId === undefined) === !all)
    throw ApiError.invalidInput('Say which event, or all.', { event_id: 'is needed, or all: true' });
  return eventId;
}
