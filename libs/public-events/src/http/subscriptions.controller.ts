import {
  By,
  type Caller,
  MayBeRepeated,
  Params,
  type Repeatable,
  RepeatableDeletes,
  SeamRoute,
} from '@latchkey/http';
import type { GroupSettings, ParkedChoice, ParkedMessage } from '@latchkey/event-sourcing';
import { ApiError, iso } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { ownPublicEvent } from '../read-public-event';
import { Subscriptions, type Subscription, type SubscriptionStart } from '../subscriptions/subscriptions';
import {
  COUNTED_SCHEMA,
  PARKED_EVENT_SCHEMA,
  SUBSCRIBER_LOGIN_SCHEMA,
  SUBSCRIPTION_SCHEMA,
} from './subscription.schema';
import {
  ChooseParkedParams,
  CreateSubscriptionParams,
  ListParkedParams,
  ListSubscriptionsParams,
  SubscriptionNameParams,
  UpdateSubscriptionParams,
} from './subscription-params';

const permission = 'subscriptions';

/** /subscriptions: groups of consumers that read the public events from the event store. */
@Controller()
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly deletes: RepeatableDeletes,
  ) {}

  @SeamRoute('/subscriptions/create', ['POST'], {
    summary: 'A persistent subscription on the public events, for any client of the event store',
    answer: { subscription: SUBSCRIPTION_SCHEMA, subscriber_login: SUBSCRIBER_LOGIN_SCHEMA },
    params: CreateSubscriptionParams,
    permission,
  })
  async create(
    @By() { workspaceId }: Caller,
    @Params(CreateSubscriptionParams) params: CreateSubscriptionParams,
  ) {
    const { name, make_login: makesLogin = false } = params;
    if (makesLogin) this.subscriptions.checkMakesLogins();
    const made = await this.subscriptions.create(workspaceId, name, settingsOf(params), startOf(params));
    const login = makesLogin ? await this.subscriptions.makeLogin(workspaceId, name, name) : null;
    return { subscription: present(made), subscriber_login: login };
  }

  @SeamRoute('/subscriptions/list', ['GET'], {
    summary: 'The persistent subscriptions on the public events',
    answer: { subscriptions: { listOf: SUBSCRIPTION_SCHEMA } },
    params: ListSubscriptionsParams,
    permission,
  })
  async list(@By() { workspaceId }: Caller, @Params(ListSubscriptionsParams) _: ListSubscriptionsParams) {
    return { subscriptions: (await this.subscriptions.list(workspaceId)).map(present) };
  }

  @SeamRoute('/subscriptions/get', ['GET'], {
    summary: 'One persistent subscription: how far it is, and who consumes',
    answer: { subscription: SUBSCRIPTION_SCHEMA },
    params: SubscriptionNameParams,
    permission,
  })
  async get(@By() { workspaceId }: Caller, @Params(SubscriptionNameParams) { name }: SubscriptionNameParams) {
    return { subscription: present(await this.subscriptions.get(workspaceId, name)) };
  }

  @SeamRoute('/subscriptions/update', ['PUT', 'PATCH'], {
    summary: 'Other settings; consumers are dropped and connect again',
    answer: { subscription: SUBSCRIPTION_SCHEMA },
    params: UpdateSubscriptionParams,
    permission,
  })
  async update(
    @By() { workspaceId }: Caller,
    @Params(UpdateSubscriptionParams) params: UpdateSubscriptionParams,
  ) {
    const updated = await this.subscriptions.update(workspaceId, params.name, settingsOf(params));
    return { subscription: present(updated) };
  }

  @SeamRoute('/subscriptions/delete', ['DELETE'], {
    summary: 'Ends a persistent subscription, with its place, what is parked, and its logins',
    params: SubscriptionNameParams,
    permission,
  })
  async delete(
    @By() caller: Caller,
    @MayBeRepeated() repeatable: Repeatable,
    @Params(SubscriptionNameParams) { name }: SubscriptionNameParams,
  ) {
    await this.deletes.run(caller, repeatable, `subscription ${name}`, () =>
      this.subscriptions.delete(caller.workspaceId, name),
    );
    return {};
  }

  @SeamRoute('/subscriptions/list_parked', ['GET'], {
    summary: 'Events that no consumer could deal with, and why',
    answer: { parked_events: { listOf: PARKED_EVENT_SCHEMA } },
    params: ListParkedParams,
    permission,
  })
  async listParked(@By() { workspaceId }: Caller, @Params(ListParkedParams) params: ListParkedParams) {
    const { name, from_number: from = 0, limit = 100 } = params;
    const parked = await this.subscriptions.listParked(workspaceId, name, from, limit);
    return { parked_events: parked.map(presentParked) };
  }

  @SeamRoute('/subscriptions/replay_parked', ['POST'], {
    summary: 'Has consumers try parked events again: some, the first so many, or all',
    answer: { parked_events_replayed: COUNTED_SCHEMA },
    params: ChooseParkedParams,
    permission,
  })
  async replayParked(@By() { workspaceId }: Caller, @Params(ChooseParkedParams) params: ChooseParkedParams) {
    const count = await this.subscriptions.replayParked(workspaceId, params.name, choiceOf(params));
    return { parked_events_replayed: { count } };
  }

  @SeamRoute('/subscriptions/drop_parked', ['POST'], {
    summary: 'Forgets parked events: some, the first so many, or all',
    answer: { parked_events_dropped: COUNTED_SCHEMA },
    params: ChooseParkedParams,
    permission,
  })
  async dropParked(@By() { workspaceId }: Caller, @Params(ChooseParkedParams) params: ChooseParkedParams) {
    const count = await this.subscriptions.dropParked(workspaceId, params.name, choiceOf(params));
    return { parked_events_dropped: { count } };
  }
}

function settingsOf(params: UpdateSubscriptionParams): Partial<GroupSettings> {
  const seconds = params.message_timeout_seconds;
  const settings = {
    maxRetries: params.max_retries,
    messageTimeout: seconds === undefined ? undefined : seconds * 1000,
    bufferSize: params.buffer_size,
    maxConsumers: params.max_consumers,
    strategy: params.strategy,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

function startOf({ start_from, since, position }: CreateSubscriptionParams): SubscriptionStart {
  const given = [start_from, since, position].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw ApiError.invalidInput('Say once where it begins.', {
      start_from: 'must not be given beside since or position, nor these together',
    });
  }
  if (since !== undefined) return { since };
  return position === undefined ? (start_from ?? 'end') : { place: position };
}

function choiceOf({ numbers, first, all }: ChooseParkedParams): ParkedChoice {
  const given = [numbers, first, all === true ? all : undefined].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw ApiError.invalidInput('Say which: numbers, first, or all.', {
      numbers: 'is required unless first or all is given, and must stand alone',
    });
  }
  if (numbers !== undefined) return { numbers };
  return first === undefined ? 'all' : { first };
}

function present(subscription: Subscription) {
  const { settings, consumers } = subscription;
  return {
    name: subscription.group,
    stream: subscription.stream,
    status: subscription.isLive ? 'live' : 'behind',
    max_retries: settings.maxRetries,
    message_timeout_seconds: settings.messageTimeout / 1000,
    buffer_size: settings.bufferSize,
    max_consumers: settings.maxConsumers,
    strategy: settings.strategy,
    checkpoint: typeof subscription.checkpoint === 'number' ? subscription.checkpoint : null,
    lag: subscription.lag,
    in_flight_count: subscription.inFlight,
    retrying_count: subscription.retrying,
    parked_count: subscription.parked,
    handed_out_count: subscription.handedOut,
    consumers: consumers.map(({ login, name, address, inFlight }) => ({
      ...{ login, name, address, in_flight_count: inFlight },
    })),
  };
}

function presentParked({ number, reason, parkedAt, event }: ParkedMessage) {
  const own = event && ownPublicEvent(event)?.event;
  const { sealed_pins: _, ...shown } = own ?? { sealed_pins: undefined };
  return { number, reason, parked_at: iso(parkedAt), event: own ? shown : null };
}
