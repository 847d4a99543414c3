import { Between, DeviceId, Instant, Text, TextList, Uuid, UuidList, Whole } from '@latchkey/http';
import { type EventFilter, MOST_EVENTS } from '../feed/queries';

export class GetEventParams {
  @Uuid({ optional: true })
  event_id?: string;

  @Text({
    optional: true,
    min: 1,
    max: 200,
    description: 'With device_id, in place of event_id: the latest.',
  })
  event_type?: string;

  @DeviceId({ of: 'event', optional: true })
  device_id?: string;
}

const elsewhere = {
  optional: true,
  description: 'Latchkey has nothing of this kind, so the list is then empty.',
};

/** Filters on what Seam has and we have not. */
class ForeignFilters {
  @Uuid(elsewhere) access_grant_id?: string;
  @UuidList(elsewhere) access_grant_ids?: string[];
  @Uuid(elsewhere) access_method_id?: string;
  @UuidList(elsewhere) access_method_ids?: string[];
  @Uuid(elsewhere) acs_access_group_id?: string;
  @Uuid(elsewhere) acs_credential_id?: string;
  @Uuid(elsewhere) acs_encoder_id?: string;
  @Uuid(elsewhere) acs_entrance_id?: string;
  @Uuid(elsewhere) acs_system_id?: string;
  @UuidList(elsewhere) acs_system_ids?: string[];
  @Uuid(elsewhere) acs_user_id?: string;
  @Uuid(elsewhere) space_id?: string;
  @UuidList(elsewhere) space_ids?: string[];
  @Uuid(elsewhere) user_identity_id?: string;
}

/** What lists and the stream of events are narrowed by. */
class EventFilterParams extends ForeignFilters {
  @Instant({ optional: true, description: 'From this instant on.' })
  since?: number;

  @Text({ optional: true, min: 1, max: 200 })
  event_type?: string;

  @TextList({ optional: true })
  event_types?: string[];

  @UuidList({ optional: true, max: MOST_EVENTS })
  event_ids?: string[];

  @Uuid({ optional: true })
  access_code_id?: string;

  @UuidList({ optional: true })
  access_code_ids?: string[];

  @Uuid({ optional: true })
  device_id?: string;

  @UuidList({ optional: true })
  device_ids?: string[];

  @Uuid({ optional: true })
  connected_account_id?: string;

  @Uuid({ optional: true })
  connect_webview_id?: string;

  @Text({ optional: true, max: 200 })
  customer_key?: string;
}

export class ListEventsParams extends EventFilterParams {
  @Between({ optional: true, description: 'Between these two instants, and at neither.' })
  between?: [number, number];

  @Whole({ min: 1, max: MOST_EVENTS, optional: true, default: MOST_EVENTS })
  limit?: number;
}

export class StreamEventsParams extends EventFilterParams {
  @Text({
    optional: true,
    min: 1,
    max: 40,
    description:
      'The id of the event after which to go on, or its place in the stream, in place of the header Last-Event-ID.',
  })
  last_event_id?: string;
}

const FOREIGN = [
  'access_grant_id',
  'access_grant_ids',
  'access_method_id',
  'access_method_ids',
  'acs_access_group_id',
  'acs_credential_id',
  'acs_encoder_id',
  'acs_entrance_id',
  'acs_system_id',
  'acs_system_ids',
  'acs_user_id',
  'space_id',
  'space_ids',
  'user_identity_id',
] as const satisfies readonly (keyof ForeignFilters)[];

/** Whether only events about things that do not exist here are requested. */
export const ofOthers = (params: ForeignFilters) => FOREIGN.some((name) => params[name] !== undefined);

/** What is asked for, in the feed's terms. */
export function filterOf(params: EventFilterParams & { between?: [number, number] }): EventFilter {
  return {
    since: params.since,
    between: params.between,
    eventType: params.event_type,
    eventTypes: params.event_types,
    eventIds: params.event_ids,
    accessCodeId: params.access_code_id,
    accessCodeIds: params.access_code_ids,
    deviceId: params.device_id,
    deviceIds: params.device_ids,
    connectedAccountId: params.connected_account_id,
    connectWebviewId: params.connect_webview_id,
    customerKey: params.customer_key,
  };
}
