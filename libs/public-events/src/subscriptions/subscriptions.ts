import {
  type EventStore,
  GROUP_DEFAULTS,
  GroupAbsent,
  GroupExists,
  type GroupName,
  GroupRefused,
  GroupsDenied,
  type GroupSettings,
  type GroupStart,
  type GroupState,
  NotParked,
  type ParkedChoice,
  type ParkedMessage,
  type PersistentSubscriptions,
  Refusal,
  TooManyParked,
} from '@latchkey/event-sourcing';
import { type Clock, MINUTE } from '@latchkey/platform';
import type { FeedHistory } from '../feed/feed-history';
import type { FeedView } from '../feed/feed-view';
import { publicStreamOf } from '../public-event';
import type { SubscriberLogin, SubscriberLogins } from './subscriber-logins';

/** Why what is asked of a subscription is refused. */
export type SubscriptionRefusal =
  | 'subscription-exists'
  | 'too-many-subscriptions'
  | 'too-many-parked-events'
  | 'subscriptions-not-permitted'
  | 'logins-not-managed';

/** How many subscriptions a workspace may have. */
export const SUBSCRIPTIONS_AT_MOST = 100;

/** Where a subscription begins. */
export type SubscriptionStart =
  | 'beginning'
  | 'end'
  /** The first event from this instant (ms) on. */
  | { readonly since: number }
  /** The event at this place of the workspace's stream. */
  | { readonly place: number };

/** A group of consumers of a workspace's public events, with how far it is behind. */
export interface Subscription extends GroupState {
  readonly stream: string;
  /** Events that stand after the last one that is known to be dealt with. */
  readonly lag: number;
}

/** The persistent subscriptions on a workspace's public events. */
export class Subscriptions {
  constructor(
    private readonly parts: {
      readonly groups: PersistentSubscriptions;
      readonly store: Pick<EventStore, 'readBackwards'>;
      readonly history: FeedHistory;
      readonly feed: FeedView;
      readonly logins: SubscriberLogins | undefined;
      readonly clock: Pick<Clock, 'now'>;
    },
  ) {}

  /** @throws {Refusal} where there is one of that name, or too many */
  async create(
    workspaceId: string,
    group: string,
    settings: Partial<GroupSettings>,
    start: SubscriptionStart,
  ): Promise<Subscription> {
    const name = nameOf(workspaceId, group);
    const { groups } = this.parts;
    const others = await asked(() => groups.list(name.source));
    if (others.length >= SUBSCRIPTIONS_AT_MOST && !others.some((each) => each.group === group)) {
      throw Refusal.untimely<SubscriptionRefusal>(
        'too-many-subscriptions',
        `A workspace has ${SUBSCRIPTIONS_AT_MOST} subscriptions at most.`,
      );
    }
    const from = await this.beginning(workspaceId, start);
    await asked(() => groups.create(name, { ...GROUP_DEFAULTS, ...settings }, from));
    return this.get(workspaceId, group);
  }

  /**
   * A login that reads the workspace's events and consumes as this subscription alone. It is shown once.
   * @throws {Refusal} where users of the event store are not ours to make
   */
  async makeLogin(workspaceId: string, group: string, name: string): Promise<SubscriberLogin> {
    this.checkMakesLogins();
    return this.parts.logins!.make(workspaceId, name, group);
  }

  /** @throws {Refusal} where users of the event store are not ours to make */
  checkMakesLogins(): void {
    if (this.parts.logins) return;
    throw Refusal.untimely<SubscriptionRefusal>(
      'logins-not-managed',
      'The event store is your own (EVENTSTORE_URL): make its users there.',
    );
  }

  async list(workspaceId: string): Promise<Subscription[]> {
    const stream = publicStreamOf(workspaceId);
    const [states, last] = await Promise.all([
      asked(() => this.parts.groups.list({ stream })),
      this.lastRevision(stream),
    ]);
    return states.map((state) => presented(state, stream, last));
  }

  /** @throws {Refusal} where there is none */
  async get(workspaceId: string, group: string): Promise<Subscription> {
    const stream = publicStreamOf(workspaceId);
    const [state, last] = await Promise.all([
      asked(() => this.parts.groups.get(nameOf(workspaceId, group))),
      this.lastRevision(stream),
    ]);
    return presented(state, stream, last);
  }

  /** Its consumers are dropped, and connect again. @throws {Refusal} where there is none */
  async update(workspaceId: string, group: string, changes: Partial<GroupSettings>): Promise<Subscription> {
    await asked(() => this.parts.groups.update(nameOf(workspaceId, group), changes));
    return this.get(workspaceId, group);
  }

  /** Ends it, with its place, what is parked, and its logins. @throws {Refusal} where there is none */
  async delete(workspaceId: string, group: string): Promise<void> {
    await asked(() => this.parts.groups.delete(nameOf(workspaceId, group)));
    await this.parts.logins?.endOf(workspaceId, group);
  }

  /** What no consumer could deal with, from a number on. @throws {Refusal} where there is no such subscription */
  listParked(workspaceId: string, group: string, from: number, count: number): Promise<ParkedMessage[]> {
    return asked(() => this.parts.groups.parked(nameOf(workspaceId, group), from, count));
  }

  /** Has consumers try parked events again. @returns how many */
  replayParked(workspaceId: string, group: string, which: ParkedChoice): Promise<number> {
    return asked(() => this.parts.groups.retryParked(nameOf(workspaceId, group), which));
  }

  /** Forgets parked events. @returns how many */
  dropParked(workspaceId: string, group: string, which: ParkedChoice): Promise<number> {
    return asked(() => this.parts.groups.dropParked(nameOf(workspaceId, group), which));
  }

  private async beginning(workspaceId: string, start: SubscriptionStart): Promise<GroupStart> {
    // What was written before is told of by now, at its place.
    await this.parts.feed.caughtUp();
    if (typeof start === 'string') return start;
    if ('since' in start) {
      // A group can't wait for an instant: it would be given what happens before it.
      if (start.since > this.parts.clock.now() + MINUTE)
        throw Refusal.invalid('The instant is in the future.', { since: 'is in the future' });
      const first = await this.parts.history.firstSince(workspaceId, start.since);
      return first === undefined ? 'end' : { revision: first };
    }
    if (start.place > (await this.lastRevision(publicStreamOf(workspaceId))) + 1) {
      throw Refusal.invalid('The stream does not go that far.', { position: 'is beyond the last event' });
    }
    return { revision: start.place };
  }

  private async lastRevision(stream: string): Promise<number> {
    let last = -1;
    for await (const { revision } of this.parts.store.readBackwards(stream, 1)) last = revision;
    return last;
  }
}

const nameOf = (workspaceId: string, group: string): GroupName => ({
  source: { stream: publicStreamOf(workspaceId) },
  group,
});

function presented(state: GroupState, stream: string, last: number): Subscription {
  const dealtWith = typeof state.checkpoint === 'number' ? state.checkpoint : undefined;
  const begins = typeof state.startFrom === 'number' ? state.startFrom : last + 1;
  const lag = dealtWith === undefined ? last - begins + 1 : last - dealtWith;
  return { ...state, stream, lag: Math.max(0, lag) };
}

/** @throws {Refusal} in place of what the event store says */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof GroupAbsent) return Refusal.absent('subscription');
  if (error instanceof GroupExists) {
    return Refusal.conflict<SubscriptionRefusal>(
      'subscription-exists',
      'There is a subscription of that name.',
    );
  }
  if (error instanceof NotParked) {
    return Refusal.absent('parked event', `No event is parked under ${error.numbers.join(', ')}.`);
  }
  if (error instanceof TooManyParked) {
    return Refusal.untimely<SubscriptionRefusal>('too-many-parked-events', `${sentence(error.message)}`);
  }
  if (error instanceof GroupRefused)
    return Refusal.invalid(`The event store refuses it: ${error.message}`, {});
  if (error instanceof GroupsDenied) {
    return Refusal.untimely<SubscriptionRefusal>(
      'subscriptions-not-permitted',
      "The event store does not let the server's login do that: docs/subscribers.md says what it needs.",
    );
  }
  return undefined;
}

const sentence = (words: string) => `${words[0]!.toUpperCase()}${words.slice(1)}.`;
