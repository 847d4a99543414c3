import { By, type Caller, Params, SeamRoute } from '@latchkey/http';
import { Controller } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { GetTimeline } from '../views/timeline/get-timeline';
import { GetTimelineParams } from './timeline-params';
import { TIMELINE_EVENT_SCHEMA, TIMELINE_PAGINATION } from './timeline.schema';

/** A code's history in the words of the API, for everyone who may see the code. */
@Controller()
export class TimelineController {
  constructor(private readonly queries: QueryBus) {}

  @SeamRoute('/access_codes/get_timeline', ['GET'], {
    summary: 'What happened to an access code, in order',
    answer: { timeline_events: { listOf: TIMELINE_EVENT_SCHEMA }, pagination: TIMELINE_PAGINATION },
    params: GetTimelineParams,
  })
  async timeline(@By() { workspaceId }: Caller, @Params(GetTimelineParams) params: GetTimelineParams) {
    const { access_code_id, limit = 50, after, before, event_types: types } = params;
    const { events, hasMore } = await this.queries.execute(
      new GetTimeline(workspaceId, access_code_id, { limit, after, before, types }),
    );
    return {
      timeline_events: events,
      pagination: {
        has_more: hasMore,
        next_cursor: hasMore ? (events.at(-1)?.occurred_at ?? null) : null,
        prev_cursor: events[0]?.occurred_at ?? null,
      },
    };
  }
}
