import { Between, DeviceId, Instant, Text, TextList, Uuid, UuidList, Whole } from '@latchkey/http';
import { MOST_EVENTS } from '../feed/queries';

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

export class ListEventsParams extends ForeignFilters {
  @Instant({ optional: true, description: 'From this instant on.' })
  since?: number;

  @Between({ optional: true, description: 'Between these two instants, and at neither.' })
  between?: [number, number];

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

  @Whole({ min: 1, max: MOST_EVENTS, optional: true, default: MOST_EVENTS })
  limit?: number;
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

/** Whether only events of what there is none of here are asked for. */
export const ofOthers = (params: ListEventsParams) => FOREIGN.some((name) => params[name] !== undefined);
