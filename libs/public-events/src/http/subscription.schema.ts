import { GROUP_STRATEGIES } from '@latchkey/event-sourcing';
import { schema } from '@latchkey/http';

const { anything, instant, listOf, named, number, objectOf, oneOf, orNull, text, whole } = schema;

export const SUBSCRIPTION_SCHEMA = named(
  'subscription',
  objectOf({
    name: text,
    stream: text,
    status: oneOf('live', 'behind'),
    max_retries: whole,
    message_timeout_seconds: number,
    buffer_size: whole,
    max_consumers: whole,
    strategy: oneOf(...GROUP_STRATEGIES),
    checkpoint: orNull(whole),
    lag: whole,
    in_flight_count: whole,
    retrying_count: whole,
    parked_count: whole,
    handed_out_count: whole,
    consumers: listOf(objectOf({ login: text, name: text, address: text, in_flight_count: whole })),
  }),
);

export const SUBSCRIBER_LOGIN_SCHEMA = named(
  'subscriber_login',
  orNull(objectOf({ login: text, password: text, address: text })),
);

export const PARKED_EVENT_SCHEMA = named(
  'subscription_parked_event',
  objectOf({ number: whole, reason: text, parked_at: instant, event: orNull(anything) }),
);

export const COUNTED_SCHEMA = named('counted', objectOf({ count: whole }));
