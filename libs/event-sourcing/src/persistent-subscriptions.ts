import type { Position, RecordedEvent } from './event-store';

/** What a group of consumers reads: one stream, or all streams whose name begins with a prefix. */
export type GroupSource = { readonly stream: string } | { readonly allWithPrefix: string };

/** A group, identified by its name among those of its source. */
export interface GroupName {
  readonly source: GroupSource;
  readonly group: string;
}

/** How a group hands out its messages. */
export interface GroupSettings {
  /** How often a message is tried again before it is parked. */
  readonly maxRetries: number;
  /** A consumer that has not answered for this long is taken its message from, ms; 0: never. */
  readonly messageTimeout: number;
  /** As many events as are read ahead. */
  readonly bufferSize: number;
  /** How many consumers at a time; 0: as many as like. */
  readonly maxConsumers: number;
  readonly strategy: GroupStrategy;
}

/** How messages are shared among the consumers of a group, in EventStoreDB's words. */
export const GROUP_STRATEGIES = ['RoundRobin', 'DispatchToSingle', 'Pinned', 'PinnedByCorrelation'] as const;
export type GroupStrategy = (typeof GROUP_STRATEGIES)[number];

export const GROUP_DEFAULTS: GroupSettings = {
  maxRetries: 10,
  messageTimeout: 30_000,
  bufferSize: 500,
  maxConsumers: 0,
  strategy: 'RoundRobin',
};

/** Where a new group begins: a revision of its stream, a position of all streams. */
export type GroupStart =
  'beginning' | 'end' | { readonly revision: number } | { readonly position: Position };

/** Somebody who reads as one of a group. */
export interface GroupConsumer {
  readonly login: string;
  /** As it calls its connection. */
  readonly name: string;
  readonly address: string;
  readonly inFlight: number;
}

/** A group as it is. */
export interface GroupState {
  readonly group: string;
  readonly settings: GroupSettings;
  /** The requested beginning; undefined: the end at that time. */
  readonly startFrom: number | Position | undefined;
  /** Whether it has got to the end of what it reads. */
  readonly isLive: boolean;
  /** The last event up to which all is dealt with and written down; undefined: none yet. A revision, or a position. */
  readonly checkpoint: number | Position | undefined;
  /** The last event that it has read. */
  readonly lastKnown: number | Position | undefined;
  /** Given to consumers and not answered. */
  readonly inFlight: number;
  /** To be tried again. */
  readonly retrying: number;
  readonly parked: number;
  /** How many messages it has handed out since it began, or the store was started. */
  readonly handedOut: number;
  readonly consumers: readonly GroupConsumer[];
}

/** A message that no consumer could deal with. */
export interface ParkedMessage {
  /** Its place among the parked: it stays the same while the message lies there. */
  readonly number: number;
  readonly reason: string;
  /** ms, by the store's clock */
  readonly parkedAt: number;
  /** What it tells; undefined where the event is not there any more. */
  readonly event: RecordedEvent | undefined;
}

/** Which of the parked messages are meant: all, the first so many, or some by their numbers. */
export type ParkedChoice = 'all' | { readonly first: number } | { readonly numbers: readonly number[] };

/**
 * Groups of consumers that the store shares events out to, remembering how far each group has come. For programs of
 * others: nothing of ours depends on them.
 */
export interface PersistentSubscriptions {
  /** @throws {GroupExists} */
  create(name: GroupName, settings: GroupSettings, start: GroupStart): Promise<void>;
  /** Its consumers are dropped, and come again. @throws {GroupAbsent} */
  update(name: GroupName, changes: Partial<GroupSettings>): Promise<void>;
  /** Ends the group, with its place and what is parked. @throws {GroupAbsent} */
  delete(name: GroupName): Promise<void>;
  /** @throws {GroupAbsent} */
  get(name: GroupName): Promise<GroupState>;
  list(source: GroupSource): Promise<GroupState[]>;
  /** What is parked, in the order of the numbers, from a number on. @throws {GroupAbsent} */
  parked(name: GroupName, from: number, count: number): Promise<ParkedMessage[]>;
  /**
   * Has parked messages handed out again; those that were chosen by their numbers go before the others then.
   * @returns how many
   * @throws {GroupAbsent}
   * @throws {NotParked} for an unknown number
   */
  retryParked(name: GroupName, which: ParkedChoice): Promise<number>;
  /** Forgets parked messages. @returns how many @throws {GroupAbsent | NotParked} */
  dropParked(name: GroupName, which: ParkedChoice): Promise<number>;
}

export class GroupExists extends Error {
  constructor(group: string) {
    super(`there is a group ${group} already`);
  }
}

export class GroupAbsent extends Error {
  constructor(group: string) {
    super(`there is no group ${group}`);
  }
}

/** The store does not let us: our login may not do it. */
export class GroupsDenied extends Error {
  constructor(options?: ErrorOptions) {
    super('the event store does not let this login manage persistent subscriptions', options);
  }
}

/** The store takes the group for one that can't be. */
export class GroupRefused extends Error {}

export class NotParked extends Error {
  constructor(readonly numbers: readonly number[]) {
    super(`no message is parked under ${numbers.join(', ')}`);
  }
}

/** How many parked messages may be there when some are chosen by their numbers, which means writing them all again. */
export const PARKED_TO_CHOOSE_FROM = 2_000;

/** There are too many to choose some of them. */
export class TooManyParked extends Error {
  constructor() {
    super(`more than ${PARKED_TO_CHOOSE_FROM} messages are parked: take the first ones, or all`);
  }
}
