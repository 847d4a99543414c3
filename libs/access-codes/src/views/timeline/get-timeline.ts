import { Refusal } from '@latchkey/event-sourcing';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Streams } from '../../streams';
import { type TimelineEvent, timelineOf } from './timeline';

export interface TimelinePage {
  readonly events: TimelineEvent[];
  readonly hasMore: boolean;
}

/** A part of a code's life, in order; also of one that is gone. Fails with 404 access_code_not_found. */
export class GetTimeline extends Query<TimelinePage> {
  constructor(
    readonly workspaceId: string,
    readonly accessCodeId: string,
    readonly filter: {
      readonly limit: number;
      /** Only what happened after, and before, these instants, ms. */
      readonly after?: number;
      readonly before?: number;
      readonly types?: readonly string[];
    },
  ) {
    super();
  }
}

@QueryHandler(GetTimeline)
export class GetTimelineHandler implements IQueryHandler<GetTimeline> {
  constructor(private readonly streams: Streams) {}

  async execute({ workspaceId, accessCodeId, filter }: GetTimeline): Promise<TimelinePage> {
    const history = await this.streams.codes.history(accessCodeId);
    const first = history[0]?.event;
    const begun = first?.type === 'CodeRequested' || first?.type === 'UnmanagedCodeSeen';
    if (!begun || first.data.workspaceId !== workspaceId) throw Refusal.absent('access code');
    return pageOfTimeline(timelineOf(history), filter);
  }
}

/**
 * How many events from after an instant, or, where only an end is given, the last ones before it. A cursor is an
 * instant, so what happened at one instant stays on one page, even if that makes it longer.
 */
export function pageOfTimeline(all: readonly TimelineEvent[], filter: GetTimeline['filter']): TimelinePage {
  const { after = -Infinity, before = Infinity, types, limit } = filter;
  const at = (event: TimelineEvent) => Date.parse(event.occurred_at);
  const events = all.filter(
    (event) =>
      at(event) > after && at(event) < before && (types === undefined || types.includes(event.event_type)),
  );
  if (events.length <= limit) return { events, hasMore: false };
  if (before !== Infinity && after === -Infinity) {
    const start = at(events[events.length - limit]!);
    const shown = events.filter((event) => at(event) >= start);
    return { events: shown, hasMore: shown.length < events.length };
  }
  const end = at(events[limit - 1]!);
  const shown = events.filter((event) => at(event) <= end);
  return { events: shown, hasMore: shown.length < events.length };
}
