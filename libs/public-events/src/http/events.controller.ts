import { By, type Caller, Params, SeamRoute } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { GetEvent, ListEvents } from '../feed/queries';
import { EVENT_SCHEMA } from './event.schema';
import { filterOf, GetEventParams, ListEventsParams, ofOthers } from './event-params';

/** /events: everything that happened, to be read when it suits. */
@Controller()
export class EventsController {
  constructor(private readonly queries: QueryBus) {}

  @SeamRoute('/events/get', ['GET'], {
    summary: 'One event',
    answer: { event: EVENT_SCHEMA },
    params: GetEventParams,
  })
  async get(@By() { workspaceId }: Caller, @Params(GetEventParams) params: GetEventParams) {
    return { event: await this.queries.execute(new GetEvent(workspaceId, whichEvent(params))) };
  }

  @SeamRoute('/events/list', ['GET'], {
    summary: 'Events, oldest first',
    answer: { events: { listOf: EVENT_SCHEMA } },
    params: ListEventsParams,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListEventsParams) params: ListEventsParams) {
    if (ofOthers(params)) return { events: [] };
    return {
      events: await this.queries.execute(new ListEvents(workspaceId, filterOf(params), params.limit)),
    };
  }
}

function whichEvent({ event_id: eventId, event_type: eventType, device_id: deviceId }: GetEventParams) {
  if (eventId !== undefined) return { eventId };
  if (eventType !== undefined && deviceId !== undefined) return { eventType, deviceId };
  throw ApiError.invalidInput('Say which event: event_id, or event_type and device_id.', {
    event_id: 'is required unless event_type and device_id are given',
  });
}
