import { Outage } from '@latchkey/platform';

/**
 * The port to the event store: thin, so that the client beneath it can be swapped.
 * Revisions count from 0 within a stream; -1 stands for a stream without events.
 */
export interface EventStore {
  /**
   * Appends all events or none.
   * @throws {RevisionConflict} when the stream is not at `expectedRevision`
   * @throws {AppendTimeout} when no answer came: the events may or may not be there; repeating the same
   *   event ids with the same expected revision is safe
   */
  append(stream: string, events: readonly NewEvent[], expectedRevision: ExpectedRevision): Promise<Appended>;
  /** Reads a stream forwards from a revision: all events, or at most `count`. An absent stream is empty. */
  read(stream: string, fromRevision?: number, count?: number): AsyncIterable<RecordedEvent>;
  /** Reads the last events of a stream, newest first. */
  readBackwards(stream: string, count: number): AsyncIterable<RecordedEvent>;
  /** Reads at most `count` events of all streams, newest first: the last ones, or the last before a position. */
  readAllBackwards(count: number, before?: Position): AsyncIterable<RecordedEvent>;
  /**
   * The event at exactly that position, in any stream; undefined where it is gone, or the store has not got there yet; null
   * where the store has, and there never was one.
   */
  eventAt(position: Position): Promise<RecordedEvent | undefined | null>;
  /**
   * Follows all streams whose name begins with one of the prefixes, from after a position, in order, for ever:
   * after a lost connection it goes on where it was. The next batch waits for the handler of the last one.
   */
  subscribeToAll(options: SubscribeOptions): EventSubscription;
  /** The position of the latest append that this process made; undefined before the first. */
  readonly lastAppended: Position | undefined;
  /** The same for the streams whose name begins with one of the prefixes. */
  lastAppendedTo(prefixes: readonly string[]): Position | undefined;
  /** Hides the events before a revision from readers; a scavenge may erase them. */
  truncateBefore(stream: string, revision: number): Promise<void>;
  /**
   * Answers when the store does, with where its newest event stands; undefined where there is none.
   * @throws {Outage} when it does not within three seconds
   */
  ping(): Promise<Position | undefined>;
  close(): Promise<void>;
}

/** A place in the order of all events. */
export interface Position {
  readonly commit: bigint;
  readonly prepare: bigint;
}

export type ExpectedRevision = number | 'any' | 'no-stream';

export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly metadata: EventMetadata;
  /** The JSON of both, where it is at hand. */
  readonly written?: WrittenEvent;
}

/** The JSON of an event's data and metadata as it is stored. */
export interface WrittenEvent {
  readonly data: string;
  readonly metadata: string;
}

/** The metadata of every event. */
export interface EventMetadata {
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly actor: Actor;
  readonly workspaceId: string;
  readonly schemaVersion: number;
  /** ISO 8601, by our clock. */
  readonly occurredAt: string;
  /** The span (W3C) that it was appended in, where traces are kept. */
  readonly traceparent?: string;
  /** By which we know our own events: made by the store that they are appended to. */
  readonly mark?: string;
  /** Random, where the data carry anything personal: see PERSONAL. It goes when that is erased. Base64url. */
  readonly salt?: string;
  /** The commitments of personal values that were erased, by their paths in the data, where null stands now. */
  readonly erased?: Readonly<Record<string, string>>;
  /** Of a fact that had no salt, and was erased: the chain's hash before it and with it, and the server's signature. */
  readonly relinked?: { readonly before: string; readonly after: string; readonly signature: string };
}

export interface Actor {
  readonly type: 'api_key' | 'console_user' | 'system' | 'external';
  readonly id?: string;
}

export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  /** When the store took it, ms, by the store's own clock; `occurredAt` is by ours. */
  readonly recordedAt: number;
  /** JSON as plain data; anything else as the bytes or the text that it is. */
  readonly data: unknown;
  /** Of an event of ours. Anyone may append: a codec checks it. */
  readonly metadata: EventMetadata;
  /** The JSON of both as the store keeps it, where it is at hand: a copy with other data or metadata must not have it. */
  readonly written?: WrittenEvent;
  /** Why it can't be one of ours, where that is known. */
  readonly forged?: string;
}

export interface Appended {
  /** The revision of the last event of the stream now. */
  readonly revision: number;
  readonly position: Position;
}

/**
 * As many events as a subscription hands over together unless it is asked for more. On SQLite all views fold them in one
 * turn of the event loop, and nobody is answered meanwhile.
 */
export const EVENTS_IN_A_BATCH = 200;

export interface SubscribeOptions {
  readonly after: Position | undefined;
  readonly prefixes: readonly string[];
  /** Gets events in batches, in order. If it rejects, the subscription begins again from the last batch it took. */
  readonly onEvents: (events: readonly RecordedEvent[]) => Promise<void>;
  /** How long, ms, events may gather before they are handed over together; 0 when left out. */
  readonly linger?: () => number;
  /** As many events as are handed over together at most; EVENTS_IN_A_BATCH when left out. */
  readonly batch?: () => number;
  /** Everything up to here has been seen, though none of it was asked for. */
  readonly onCheckpoint?: (position: Position) => Promise<void>;
  /** History has been read; from here on events come as they happen. Called again after each reconnection. */
  readonly onCaughtUp?: () => void;
  /** After StoreDamaged the subscription has ended; after anything else it begins again. */
  readonly onError?: (error: unknown) => void;
}

export interface EventSubscription {
  /** Hands over at once what it was letting gather. */
  flush(): void;
  stop(): Promise<void>;
}

export class RevisionConflict extends Error {
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    readonly actual: number,
  ) {
    super(`${stream} is at revision ${actual}, not at ${expected}`);
  }
}

/** No answer came to an append: its events may be there or not. */
export class AppendTimeout extends Outage {
  constructor(stream: string, reason: string, options?: ErrorOptions) {
    super('event store', `an append to ${stream} went unanswered (${reason})`, options);
  }
}

/** -1, 0 or 1 as a is before, at or after b. */
export function comparePositions(a: Position, b: Position): number {
  if (a.commit !== b.commit) return a.commit < b.commit ? -1 : 1;
  if (a.prepare !== b.prepare) return a.prepare < b.prepare ? -1 : 1;
  return 0;
}

/** Those of events in order that stand beyond a position; undefined comes before all others. */
export function eventsBeyond(
  position: Position | undefined,
  events: readonly RecordedEvent[],
): readonly RecordedEvent[] {
  if (!position) return events;
  // Nearly always all of them.
  const first = events.findIndex((event) => comparePositions(event.position, position) > 0);
  if (first === 0) return events;
  return first === -1 ? [] : events.slice(first);
}

/** The later of two positions; undefined comes before all others. */
export function laterPosition(a: Position | undefined, b: Position): Position;
export function laterPosition(a: Position | undefined, b: Position | undefined): Position | undefined;
export function laterPosition(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (!a || !b) return a ?? b;
  return comparePositions(a, b) > 0 ? a : b;
}

export const positionToText = (position: Position): string => `${position.commit}/${position.prepare}`;

export function positionFromText(text: string): Position {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  if (!match) throw new Error(`not a position: ${text}`);
  return { commit: BigInt(match[1]!), prepare: BigInt(match[2]!) };
}
