import { schema } from '@latchkey/http';

const { anything, flag, id, instant, named, objectOf, oneOf, orNull, text } = schema;

const TIMELINE_ACTOR = objectOf(
  { type: oneOf('api_key', 'console_user', 'system', 'external'), id: text, display_name: text },
  ['id', 'display_name'],
);

export const TIMELINE_EVENT_SCHEMA = named(
  'timeline_event',
  objectOf(
    {
      timeline_event_id: id,
      event_type: text,
      occurred_at: instant,
      description: text,
      actor: TIMELINE_ACTOR,
      details: anything,
      related_resource_ids: anything,
    },
    ['details', 'related_resource_ids'],
  ),
);

export const TIMELINE_PAGINATION = named(
  'timeline_pagination',
  objectOf({ has_more: flag, next_cursor: orNull(text), prev_cursor: orNull(text) }),
);
