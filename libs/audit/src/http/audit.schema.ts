import { schema } from '@latchkey/http';

const { anything, flag, id, instant, named, objectOf, oneOf, orNull, text } = schema;

const ACTOR = {
  ...objectOf({ type: oneOf('api_key', 'console_user', 'system', 'external'), id: text, name: text }, [
    'id',
    'name',
  ]),
};

const windowSchema = orNull(objectOf({ starts_at: instant, ends_at: instant }));

const SUBJECTS = {
  access_code_id: id,
  device_id: id,
  connected_account_id: id,
  action_attempt_id: id,
  connect_webview_id: id,
};

export const AUDIT_ENTRY_SCHEMA = named(
  'audit_entry',
  objectOf(
    {
      event_id: id,
      event_type: text,
      occurred_at: instant,
      recorded_at: instant,
      actor: ACTOR,
      request_id: text,
      caused_by: text,
      ...SUBJECTS,
      detail: anything,
    },
    Object.keys(SUBJECTS),
  ),
);

const OPENER = objectOf({
  access_code_id: id,
  name: orNull(text),
  certainty: oneOf('verified', 'acknowledged', 'unknown'),
  time_frame: windowSchema,
  on_device_since: orNull(instant),
  requested_by: ACTOR,
  request_id: text,
  requested_at: instant,
});

export const DOOR_SCHEMA = named(
  'audit_door',
  objectOf({
    device_id: id,
    at: instant,
    is_known: flag,
    name: orNull(text),
    is_online: orNull(flag),
    is_clock_trusted: orNull(flag),
    openers: schema.listOf(OPENER),
  }),
);

export const DOOR_CHANGE_SCHEMA = named(
  'audit_door_change',
  objectOf(
    {
      at: instant,
      change_type: oneOf(
        ...(['opens', 'opens_differently', 'no_longer_opens'] as const),
        ...(['unlocked', 'locked', 'denied', 'tampered', 'jammed'] as const),
      ),
      access_code_id: orNull(id),
      opener: orNull(OPENER),
      event_id: orNull(id),
      event_type: orNull(text),
      method: text,
    },
    ['method'],
  ),
);
