import { Refusal } from '@latchkey/event-sourcing';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { type TimelineFilter, pageOfTimeline, type TimelinePage } from './page';
import { timelineOf } from './timeline';
import { CodeFacts } from '../code-facts';

/** A part of a code's life, in order; also of one that is gone. Refused as absent where there never was one. */
export class GetTimeline extends Query<TimelinePage> {
  constructor(
    readonly workspaceId: string,
    readonly accessCodeId: string,
    readonly filter: TimelineFilter,
  ) {
    super();
  }
}

@QueryHandler(GetTimeline)
export class GetTimelineHandler implements IQueryHandler<GetTimeline> {
  constructor(private readonly facts: CodeFacts) {}

  async execute({ workspaceId, accessCodeId, filter }: GetTimeline): Promise<TimelinePage> {
    const facts = await this.facts.of(accessCodeId);
    const first = facts[0]?.event;
    const begun = first?.type === 'CodeRequested' || first?.type === 'UnmanagedCodeSeen';
    if (!begun || first.data.workspaceId !== workspaceId) throw Refusal.absent('access code');
    return pageOfTimeline(timelineOf(facts), filter);
  }
}
