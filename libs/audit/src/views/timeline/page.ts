import type { TimelineEvent } from './timeline';

export interface TimelineFilter {
  readonly limit: number;
  /** Only what happened after, and before, these instants, ms. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly types?: readonly string[] | undefined;
}

export interface TimelinePage {
  readonly events: TimelineEvent[];
  readonly hasMore: boolean;
}

/**
 * How many events from after an instant, or, where only an end is given, the last ones before it. A cursor is an
 * instant, so what happened at one instant stays on one page, even if that makes it longer.
 */
export function pageOfTimeline(all: readonly TimelineEvent[], filter: TimelineFilter): TimelinePage {
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
