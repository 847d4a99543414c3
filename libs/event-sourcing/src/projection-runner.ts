import { setTimeout as delay } from 'node:timers/promises';
import { type Database, isTransient, sharedCommitsOf } from '@latchkey/database';
import type { Checkpoints, EventMark } from './checkpoints';
import {
  comparePositions,
  EVENTS_IN_A_BATCH,
  type EventStore,
  eventsBeyond,
  type EventSubscription,
  laterPosition,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from './event-store';
import { StoreDamaged } from './eventstoredb';
import { park, parkedFor, type Sorted, sortOut } from './parked-events';
import { PassedPosition } from './passed-position';
import { isPoison } from './poison';
import type { Projection } from './projection';
import type { HistoryEnd, SharedHistory } from './restored-store';
import type { SharedSubscription } from './shared-subscription';
import { StoredView } from './stored-view';
import type { Tables } from './tables';

export interface ProjectionRunnerOptions {
  readonly store: HistoryEnd & Pick<EventStore, 'subscribeToAll'>;
  readonly database: Database<Tables>;
  readonly projection: Projection;
  /** Prefixes of streams whose positions can be waited for, whether the view folds their events or not. */
  readonly follows?: readonly string[];
  /** Shared with other views of the same events; it begins when it is opened. Left out: a subscription of its own. */
  readonly shared?: SharedSubscription;
  /** How long, ms, events may gather while nobody waits for the view; 0 when left out. */
  readonly linger?: () => number;
  readonly clock: { now(): number };
  /** Whether foreign events among its own are listed as parked; false where another view lists them. */
  readonly listsForeign?: boolean;
  readonly onParked?: (projection: string, event: RecordedEvent, reason: string) => void;
  /** Called when something keeps the view from going on: once until it goes on. */
  readonly onError?: (projection: string, error: unknown) => void;
  /** It goes on again. */
  readonly onRecovered?: (projection: string) => void;
}

/** How far a checkpoint may be behind while no event of the view's own came, ms. */
const STORE_PASSED_MS = 1_000;

/** While history is folded, a batch waits for this long to be full, ms: each costs a transaction. */
const LINGER_BUILDING_MS = 1_000;

/** And holds this many events: each row is written once for all. Of more, much would outlive the young generation. */
const BATCH_BUILDING = 1_000;

/** A database that is away while a view is marked as built is tried again after this long, ms. */
const MARK_AGAIN_MS = 500;

/**
 * Keeps one projection up to date. When the database or the event store fails, it waits and folds the same events
 * again. Foreign events are set aside. An event of ours that can't be read or folded is parked with its reason
 * while the view runs; while it is built again it stops with an error, since a new view with a gap would be wrong.
 */
export class ProjectionRunner {
  private subscription: EventSubscription | undefined;
  /** How far this process has followed the store, and how far the view is folded, by whichever process. */
  private seen = new PassedPosition(undefined);
  private folded = new PassedPosition(undefined);
  private stored: Position | undefined;
  private lastEvent: EventMark | undefined;
  private building = true;
  /** Events have come that are not folded yet. */
  private folding = false;
  private prepared = false;
  private stopping = false;
  private marking: Promise<void> | undefined;
  private storing: NodeJS.Timeout | undefined;
  private readonly view: StoredView;
  private readonly checkpoints: Checkpoints;
  /** Set when building failed: the view must not be used. */
  failure: unknown;
  /** What keeps the view from going on now; undefined while it goes on. */
  trouble: unknown;
  /** How many events this process has followed it past since the start. */
  passedCount = 0;
  /** Set where the event store no longer has what the view had folded. */
  restored: SharedHistory | undefined;
  /** Resolves when the view has folded all of history; rejects when building it failed. */
  readonly caughtUp: Promise<void>;
  private onCaughtUp: () => void = () => undefined;
  private onFailure: (error: unknown) => void = () => undefined;

  constructor(private readonly options: ProjectionRunnerOptions) {
    this.view = new StoredView(options);
    this.checkpoints = this.view.checkpoints;
    this.caughtUp = new Promise((resolve, reject) => {
      this.onCaughtUp = resolve;
      this.onFailure = reject;
    });
    this.caughtUp.catch(() => undefined);
  }

  get name(): string {
    return this.options.projection.name;
  }

  /** How far this process has followed the store. */
  get position(): Position | undefined {
    return this.seen.value;
  }

  /**
   * Makes the tables if they are not there, and notices whether the event store still has what the view has folded:
   * see `restored`. To be called for every view before anything is appended.
   */
  async prepare(): Promise<void> {
    this.restored = await this.view.prepare();
    this.prepared = true;
  }

  /** Prepares, unless that was done, and follows the store from the checkpoint; where it was `restored`, from before. */
  async start(): Promise<void> {
    const { projection, shared, store, follows = [], linger } = this.options;
    if (!this.prepared) await this.prepare();
    if (this.restored) await this.view.goBack(this.restored);
    await this.takeUp();
    const from = shared ?? { join: (of: SubscribeOptions) => store.subscribeToAll(of) };
    this.subscription = from.join({
      after: this.seen.value,
      prefixes: [...new Set([...projection.prefixes, ...follows])],
      onEvents: (events) => this.take(events),
      linger: () => {
        if (this.folded.isAwaited) return 0;
        return this.building ? LINGER_BUILDING_MS : (linger?.() ?? 0);
      },
      batch: () => (this.building ? BATCH_BUILDING : EVENTS_IN_A_BATCH),
      onCheckpoint: (position) => {
        this.passed(position);
        return Promise.resolve();
      },
      onCaughtUp: () => {
        this.goesOn();
        if (this.building) this.marking = this.markBuilt().then(() => this.onCaughtUp());
        else this.onCaughtUp();
        this.building = false;
      },
      onError: (error) => this.isHeldUp(error),
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.subscription?.stop();
    await this.marking;
    await this.storePassed();
    this.folded.giveUp();
    this.seen.giveUp();
  }

  /** Whether the view has folded everything up to the position. */
  hasFolded(position: Position): boolean {
    return this.folded.has(position);
  }

  /** True once the view has folded everything up to the position; false when `timeoutMs` passed before. */
  async reached(position: Position | undefined, timeoutMs: number): Promise<boolean> {
    if (!position || this.folded.has(position)) return true;
    if (this.failure) throw this.failure as Error;
    const reached = this.folded.reached(position, timeoutMs);
    this.subscription?.flush();
    return reached;
  }

  /** Whether it is to be folded from all of history. To be asked once it is prepared. */
  async isToBeBuilt(): Promise<boolean> {
    return !this.options.projection.lasting && (!!this.restored || !(await this.view.isBuilt()));
  }

  /** The position of the last event that any process has folded into the view; undefined: none yet. */
  async storedPosition(): Promise<Position | undefined> {
    return (await this.checkpoints.load())?.lastEvent?.position;
  }

  /**
   * True once this process has seen each event in the view's rows, whoever folded it; false after `timeoutMs`.
   */
  async sawWhatIsFolded(timeoutMs: number): Promise<boolean> {
    const last = (await this.checkpoints.load())?.lastEvent;
    if (!last || this.seen.has(last.position)) return true;
    const seen = this.seen.reached(last.position, timeoutMs);
    this.subscription?.flush();
    return seen;
  }

  /** The old versions' tables are useless once this one is built. */
  dropOlder(): Promise<void> {
    return this.view.dropOlder();
  }

  private async takeUp(): Promise<void> {
    const checkpoint = await this.checkpoints.load();
    this.stored = checkpoint?.position;
    this.lastEvent = checkpoint?.lastEvent;
    this.seen = new PassedPosition(this.stored);
    this.folded = new PassedPosition(this.stored);
    this.building = !this.options.projection.lasting && !(await this.view.isBuiltWithIndexes());
  }

  private async markBuilt(): Promise<void> {
    for (;;) {
      try {
        return await this.view.markBuilt();
      } catch (error) {
        this.options.onError?.(this.name, error);
        // Then it counts as being built once more after a restart.
        if (this.stopping || !isTransient(error)) return;
        await delay(MARK_AGAIN_MS);
      }
    }
  }

  private async take(events: readonly RecordedEvent[]): Promise<void> {
    const unseen = eventsBeyond(this.seen.value, events);
    const last = unseen.at(-1);
    if (!last) return;
    const { projection } = this.options;
    const own = unseen.filter(({ stream }) =>
      projection.prefixes.some((prefix) => stream.startsWith(prefix)),
    );
    if (own.length > 0) {
      projection.onSeen?.(own);
      this.folding = true;
      await this.foldAll(own);
      this.folding = false;
    }
    this.lastEvent = { position: last.position, id: last.id };
    this.passedCount += unseen.length;
    this.passed(last.position);
  }

  private async foldAll(own: readonly RecordedEvent[]): Promise<void> {
    const sorted = this.sorted(own);
    try {
      await this.fold(own, sorted);
    } catch (error) {
      if (!isPoison(error)) throw error;
      if (this.building) this.fail(error);
      // One of them can't be folded: one by one, to find out which.
      for (const event of own) await this.foldOrPark(event);
    }
  }

  private sorted(events: readonly RecordedEvent[]): Sorted {
    const sorted = sortOut(events, this.options.projection);
    const unreadable = sorted.parked.find(({ foreign }) => !foreign);
    if (this.building && unreadable) this.fail(unreadable.error);
    return sorted;
  }

  private fail(error: unknown): never {
    this.failure = error;
    this.onFailure(error);
    throw error;
  }

  private async foldOrPark(event: RecordedEvent): Promise<void> {
    try {
      await this.fold([event], this.sorted([event]));
    } catch (error) {
      if (!isPoison(error)) throw error;
      await this.fold([event], { readable: [], parked: [parkedFor(event, error)] });
    }
  }

  private async fold(events: readonly RecordedEvent[], { readable, parked }: Sorted): Promise<void> {
    const { database, projection, listsForeign = true, clock, onParked } = this.options;
    const kept = listsForeign ? parked : parked.filter(({ foreign }) => !foreign);
    if (kept.length === 0 && (await this.leavesAlone(readable))) return;
    const last = events.at(-1)!;
    const { to, listed } = await sharedCommitsOf(database).transaction(async (trx) => {
      // Another process may fold the same view: the second one finds its events folded already.
      const stored = await this.checkpoints.advance(trx, this.stored, last.position, last, clock.now());
      const isNew = ({ position }: RecordedEvent) => !stored || comparePositions(position, stored) > 0;
      if (!isNew(last)) return { to: stored!, listed: [] };
      const fresh = eventsBeyond(stored, readable);
      // Another instance may have built the view meanwhile, and work with it.
      const building = this.building && !(await this.checkpoints.isBuilt(trx));
      if (fresh.length > 0) await projection.apply(trx, fresh, { building });
      const set = kept.filter(({ event }) => isNew(event));
      const listed = await park(trx, projection.name, set, clock.now());
      return { to: last.position, listed };
    });
    this.stored = laterPosition(this.stored, to);
    for (const { event, reason } of listed) onParked?.(projection.name, event, reason);
    // Before callers that wait for the view go on: what it wakes is awake by then.
    projection.onApplied?.(events);
    this.folded.moveTo(to);
  }

  private async leavesAlone(readable: readonly RecordedEvent[]): Promise<boolean> {
    const { database, projection } = this.options;
    if (readable.length === 0) return true;
    return (await projection.leavesAlone?.(database.db, readable)) ?? false;
  }

  /** The view has everything up to here: folded, or not its own. */
  private passed(position: Position): void {
    this.goesOn();
    this.seen.moveTo(position);
    this.folded.moveTo(position);
    if (!this.stored || comparePositions(position, this.stored) > 0)
      this.storing ??= setTimeout(() => void this.storePassed(), STORE_PASSED_MS).unref();
  }

  /** What came by without a transaction of its own is stored now and then, so that a start reads only what is new. */
  private async storePassed(): Promise<void> {
    if (!this.storing) return;
    clearTimeout(this.storing);
    this.storing = undefined;
    const position = this.seen.value!;
    const { lastEvent, options } = this;
    try {
      await options.database.transaction((trx) =>
        this.checkpoints.advance(trx, this.stored, position, lastEvent, options.clock.now()),
      );
      this.stored = laterPosition(this.stored, position);
    } catch (error) {
      // Then a restart passes these events again.
      options.onError?.(this.name, error);
    }
  }

  private isHeldUp(error: unknown): void {
    if (error instanceof StoreDamaged) {
      this.failure = error;
      this.onFailure(error);
    }
    if (this.trouble === undefined) this.options.onError?.(this.name, error);
    this.trouble = error;
  }

  private goesOn(): void {
    // What could not be folded comes again.
    if (this.trouble === undefined || this.folding) return;
    this.trouble = undefined;
    this.options.onRecovered?.(this.name);
  }
}
