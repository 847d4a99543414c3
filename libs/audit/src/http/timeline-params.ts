import { ChoiceList, Instant, Uuid, Whole } from '@latchkey/http';
import { TIMELINE_EVENT_TYPES, type TimelineEventType } from '../views/timeline/entries';

export class GetTimelineParams {
  @Uuid()
  access_code_id!: string;

  @Whole({ min: 1, max: 200, optional: true, default: 50 })
  limit?: number;

  @Instant({ optional: true, description: 'Only what happened before this instant.' })
  before?: number;

  @Instant({ optional: true, description: 'Only what happened after this instant.' })
  after?: number;

  @ChoiceList(TIMELINE_EVENT_TYPES, { optional: true })
  event_types?: TimelineEventType[];
}
