import { schema } from '@latchkey/http';

const { id, instant, named, objectOf, text } = schema;

/** What all events have in common; each type adds its own, as the descriptions of the webhooks say. */
export const EVENT_SCHEMA = named('event', {
  ...objectOf(
    {
      event_id: id,
      event_type: text,
      workspace_id: id,
      created_at: instant,
      occurred_at: instant,
      access_code_id: id,
      device_id: id,
      connected_account_id: id,
    },
    ['access_code_id', 'device_id', 'connected_account_id'],
  ),
  additionalProperties: true,
});
