import { KeyedMutex } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import type { Cause } from './cause';
import type { DomainEvent, EventCodec, Happened } from './codec';
import {
  type Appended,
  AppendTimeout,
  type EventStore,
  type NewEvent,
  type Position,
  type RecordedEvent,
  RevisionConflict,
} from './event-store';
import type { KnownRevisions } from './known-revisions';

/** How a stream's events fold into the state that its decisions are made on. */
export interface Fold<S, E extends DomainEvent> {
  readonly initial: S;
  evolve(state: S, event: Happened<E>): S;
  /** Whether an event is a snapshot of all events before it in its stream, which may be hidden up to there. */
  standsForAllBefore?(event: E): boolean;
}

/** The state after events that all happen at one instant, ms. */
export function evolved<S, E extends DomainEvent>(
  fold: Fold<S, E>,
  state: S,
  events: readonly E[],
  at: number,
): S {
  return events.reduce((folded, event) => fold.evolve(folded, { ...event, at }), state);
}

/** A state and the revision of the stream that it was folded up to; -1 where nothing happened yet. */
export interface Loaded<S> {
  readonly state: S;
  readonly revision: number;
}

export interface Decided<S> extends Loaded<S> {
  /**
   * The position of the stream's last event, also when a decision changed nothing: waiting for it shows what was decided
   * before. Undefined where nothing has happened yet.
   */
  readonly position: Position | undefined;
}

/** What is used of the LRUCache, whose own type is not covariant in the state. */
interface StateCache<S> {
  get(id: string): Decided<S> | undefined;
  peek(id: string): Decided<S> | undefined;
  set(id: string, decided: Decided<S>): unknown;
}

/** Every conflict means that another process made progress; this many in a row mean that something is wrong. */
const CONFLICT_RETRIES = 200;
/** A snapshot may be replaced while what follows it is read. */
const SNAPSHOT_RETRIES = 5;

/**
 * All streams of one kind (`accessCode-<id>`): loads them, decides on them, appends what was decided. Folded
 * states are kept, as many as `cacheSize`; a kept state only moves forward, so it can be stale but
 * never wrong, and an append on a stale one fails by its expected revision.
 */
export class DeciderStreams<S, E extends DomainEvent> {
  private readonly cache: StateCache<S>;
  /** Streams with a refused or unanswered append: they are read before their kept state is used. */
  private readonly doubted = new Set<string>();
  /** Appends of this process to one stream take turns, so that they do not conflict with each other. */
  private readonly mutex = new KeyedMutex();

  constructor(
    private readonly options: {
      readonly store: EventStore;
      readonly category: string;
      readonly codec: EventCodec<E>;
      readonly fold: Fold<S, E>;
      readonly clock: { now(): number };
      readonly ids: { uuid(): string };
      readonly cacheSize?: number;
      /**
       * No other process appends to these streams: what is kept is the newest that there is, and the store is asked
       * only for what is not kept.
       */
      readonly alone?: boolean;
      /** The snapshot that replaces the beginning of a stream, which may be hidden up to there. */
      readonly snapshots?: { load(id: string): Promise<Loaded<S> | undefined> };
    },
  ) {
    this.cache = new LRUCache({ max: options.cacheSize ?? 20_000 });
  }

  streamOf(id: string): string {
    return `${this.options.category}-${id}`;
  }

  /**
   * The state of a stream.
   * @param atLeast a revision known to exist: a kept state that has seen it is new enough. Without it the
   *   store is asked for newer events, unless no other process appends to these streams.
   */
  async load(id: string, atLeast: number | undefined = this.goodEnough): Promise<Loaded<S>> {
    const { state, revision } = await this.standing(id, atLeast);
    return { state, revision };
  }

  /**
   * The state as it is kept, where nothing has to be read for it.
   * @param atLeast as for `load`
   */
  kept(id: string, atLeast: number | undefined = this.goodEnough): Loaded<S> | undefined {
    const kept = this.cache.get(id);
    return this.isGoodEnough(id, kept, atLeast) ? kept : undefined;
  }

  /**
   * The newest state that this process knows of, and at once where it is kept: for who decides on hundreds of streams, and
   * appends only what the expected revision lets through.
   */
  newest(id: string, known: KnownRevisions): Loaded<S> | Promise<Loaded<S>> {
    // Alone it knows of nothing newer than what it keeps: then what was seen of the stream is not looked up.
    const atLeast = this.options.alone ? -1 : known.atLeast(this.streamOf(id));
    return this.kept(id, atLeast) ?? this.load(id, atLeast);
  }

  private isGoodEnough(
    id: string,
    kept: Decided<S> | undefined,
    atLeast: number | undefined,
  ): kept is Decided<S> {
    return kept !== undefined && atLeast !== undefined && kept.revision >= atLeast && !this.doubted.has(id);
  }

  private get goodEnough(): number | undefined {
    return this.options.alone ? -1 : undefined;
  }

  /** Foreign events count as revisions, and change nothing. */
  private async standing(id: string, atLeast: number | undefined): Promise<Decided<S>> {
    const kept = this.cache.get(id);
    if (this.isGoodEnough(id, kept, atLeast)) return kept;
    const doubted = this.doubted.has(id);
    // Before the read: an append that fails meanwhile marks the stream again.
    this.doubted.delete(id);
    try {
      const found = kept && (await this.readOn(id, kept));
      // A kept state whose next events are hidden by now is of no use.
      return this.keep(id, found ?? (await this.fromTheBeginning(id)));
    } catch (error) {
      if (doubted) this.doubted.add(id);
      throw error;
    }
  }

  private async fromTheBeginning(id: string): Promise<Decided<S>> {
    const { fold, snapshots } = this.options;
    for (let attempt = 0; ; attempt++) {
      const snapshot = await snapshots?.load(id);
      const beginning = { position: undefined, ...(snapshot ?? { state: fold.initial, revision: -1 }) };
      const found = await this.readOn(id, beginning);
      if (found) return found;
      if (attempt >= SNAPSHOT_RETRIES) throw new Error(`events of ${this.streamOf(id)} are missing`);
    }
  }

  /**
   * The state after what has happened since. The event that it was folded up to is read again where its position is
   * not known.
   * @returns undefined when the next events are hidden
   */
  private async readOn(id: string, from: Decided<S>): Promise<Decided<S> | undefined> {
    const { store, fold, codec, snapshots } = this.options;
    let { state, revision, position } = from;
    const first = position === undefined ? Math.max(revision, 0) : revision + 1;
    let isGap = false;
    // Read to its end in any case: a read that is abandoned early stays open.
    for await (const recorded of store.read(this.streamOf(id), first)) {
      if (isGap) continue;
      if (recorded.revision > revision) {
        const event = codec.decodeOwn(recorded);
        isGap = snapshots !== undefined && recorded.revision > revision + 1;
        if (isGap && !(event && fold.standsForAllBefore?.(event))) continue;
        isGap = false;
        if (event) state = fold.evolve(state, event);
      }
      ({ revision, position } = recorded);
    }
    return isGap ? undefined : { state, revision, position };
  }

  /** Every event of ours in a stream, with what is recorded of it, oldest first. */
  async history(id: string): Promise<{ event: Happened<E>; recorded: RecordedEvent }[]> {
    const events = [];
    for await (const recorded of this.options.store.read(this.streamOf(id))) {
      const event = this.options.codec.decodeOwn(recorded);
      if (event) events.push({ event, recorded });
    }
    return events;
  }

  /**
   * Decides on the current state and appends the events, again from the start when another process was
   * faster. `decide` must change nothing: it may be called several times. What it throws is passed on.
   */
  transact(
    id: string,
    cause: Cause,
    decide: (state: S, now: number) => readonly E[] | Promise<readonly E[]>,
    atLeast: number | undefined = this.goodEnough,
  ): Promise<Decided<S>> {
    return this.mutex.runExclusive(id, () => this.decideUntilAppended(id, cause, decide, atLeast));
  }

  /**
   * The same, but first on the kept state, without asking the store for newer events. When that changes nothing, or
   * throws, it is decided again on what the store has.
   */
  transactOnKept(
    id: string,
    cause: Cause,
    decide: (state: S, now: number) => readonly E[] | Promise<readonly E[]>,
  ): Promise<Decided<S>> {
    return this.mutex.runExclusive(
      id,
      async () =>
        (await this.decideOn(this.cache.get(id), id, cause, decide)) ??
        (await this.decideUntilAppended(id, cause, decide, undefined)),
    );
  }

  /**
   * The same for a stream that should not have begun yet: decides on the initial state first, without asking the
   * store.
   */
  transactOnNew(
    id: string,
    cause: Cause,
    decide: (state: S, now: number) => readonly E[] | Promise<readonly E[]>,
  ): Promise<Decided<S>> {
    const beginning = { state: this.options.fold.initial, revision: -1, position: undefined };
    return this.mutex.runExclusive(
      id,
      async () =>
        (await this.decideOn(this.cache.get(id) ?? beginning, id, cause, decide)) ??
        (await this.decideUntilAppended(id, cause, decide, undefined)),
    );
  }

  private async decideUntilAppended(
    id: string,
    cause: Cause,
    decide: (state: S, now: number) => readonly E[] | Promise<readonly E[]>,
    atLeast: number | undefined,
  ): Promise<Decided<S>> {
    for (let attempt = 0; ; attempt++) {
      const loaded = await this.standing(id, attempt === 0 ? atLeast : undefined);
      const events = await decide(loaded.state, this.options.clock.now());
      if (events.length === 0) return loaded;
      try {
        return await this.append(id, loaded, events, cause);
      } catch (error) {
        if (!(error instanceof RevisionConflict) || attempt >= CONFLICT_RETRIES) throw error;
      }
    }
  }

  /** If the state was stale, the append fails. @returns undefined where nothing came of it */
  private async decideOn(
    kept: Decided<S> | undefined,
    id: string,
    cause: Cause,
    decide: (state: S, now: number) => readonly E[] | Promise<readonly E[]>,
  ): Promise<Decided<S> | undefined> {
    if (!kept) return undefined;
    let events: readonly E[];
    try {
      events = await decide(kept.state, this.options.clock.now());
    } catch {
      return undefined;
    }
    if (events.length === 0) return undefined;
    try {
      return await this.append(id, kept, events, cause);
    } catch (error) {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    }
  }

  /**
   * Appends events to a stream that has not changed since it was loaded.
   * @throws {RevisionConflict} when it is not
   */
  async append(id: string, loaded: Loaded<S>, events: readonly E[], cause: Cause): Promise<Decided<S>> {
    const { store, codec, fold, clock, ids } = this.options;
    const at = clock.now();
    const occurredAt = new Date(at).toISOString();
    const batch = events.map((event) =>
      codec.encode(event, ids.uuid(), {
        $correlationId: cause.correlationId,
        $causationId: cause.causationId,
        actor: cause.actor,
        workspaceId: cause.workspaceId,
        occurredAt,
      }),
    );
    let appended: Appended;
    try {
      appended = await appendSurely(store, this.streamOf(id), batch, loaded.revision);
    } catch (error) {
      // The stream may have got events of other processes.
      this.doubted.add(id);
      throw error;
    }
    const state = evolved(fold, loaded.state, events, at);
    const decided = { state, revision: appended.revision, position: appended.position };
    this.keep(id, decided);
    return decided;
  }

  private keep(id: string, loaded: Decided<S>): Decided<S> {
    const kept = this.cache.peek(id);
    const newest = kept && kept.revision > loaded.revision ? kept : loaded;
    this.cache.set(id, newest);
    return newest;
  }
}

/** An append without an answer is repeated once with the same event ids, which the store takes as the same append. */
async function appendSurely(
  store: EventStore,
  stream: string,
  events: readonly NewEvent[],
  revision: number,
) {
  try {
    return await store.append(stream, events, revision);
  } catch (error) {
    if (!(error instanceof AppendTimeout)) throw error;
    return store.append(stream, events, revision);
  }
}
