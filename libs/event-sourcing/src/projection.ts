import type { Database } from '@latchkey/database';
import type { Kysely, Transaction } from 'kysely';
import {
  comparePositions,
  type EventStore,
  type EventSubscription,
  type Position,
  positionFromText,
  positionToText,
  type RecordedEvent,
  type SubscribeOptions,
} from './event-store';
import { checkpointForUpdate, checkpointOf, createCheckpoints, storeCheckpoint } from './checkpoints';
import type { SharedSubscription } from './shared-subscription';

// A projection brings its own tables, so the schema is open here and typed where the tables are defined.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Tables = any;

/** A view folded from the event store. It can be dropped and rebuilt at any time. */
export interface Projection {
  readonly name: string;
  /** Raised whenever tables or fold change: the view is then built anew beside the old one. */
  readonly version: number;
  /** Stream name prefixes of the events that it folds. */
  readonly prefixes: readonly string[];
  /** Makes the tables of this version. */
  create(db: Kysely<Tables>): Promise<void>;
  /** Drops the tables of an older version. */
  drop(db: Kysely<Tables>, version: number): Promise<void>;
  /** Folds events, in order, inside the transaction that also stores the checkpoint. */
  apply(trx: Transaction<Tables>, events: readonly RecordedEvent[]): Promise<void>;
  /**
   * Whether folding these events would change nothing. Then no transaction is spent on them, and the checkpoint is
   * stored now and then only. Left out: never.
   */
  leavesAlone?(db: Kysely<Tables>, events: readonly RecordedEvent[]): Promise<boolean>;
  /** Runs after the transaction is committed; must not throw. */
  onApplied?(events: readonly RecordedEvent[]): void;
}

/**
 * Thrown by a projection whose events are good, but which something else keeps from folding them now: nothing is
 * parked, and the same events come again.
 */
export class TryAgainLater extends Error {}

interface Waiter {
  readonly position: Position;
  readonly resolve: (reached: boolean) => void;
}

const STORE_PASSED_MS = 1_000;

/**
 * Keeps one projection up to date. Running, an event that the projection can't fold is parked with its reason
 * and the view goes on; building anew, it fails loudly, since a new view with a hole is a wrong view.
 */
export class ProjectionRunner {
  private subscription: EventSubscription | undefined;
  private position: Position | undefined;
  private building = true;
  private marking: Promise<void> | undefined;
  private passed: NodeJS.Timeout | undefined;
  private readonly waiters = new Set<Waiter>();
  /** Set when building failed: the view must not be used. */
  failure: unknown;
  /** Resolves when the view has folded all of history; rejects when building it failed. */
  readonly caughtUp: Promise<void>;
  private onCaughtUp: () => void = () => undefined;
  private onFailure: (error: unknown) => void = () => undefined;

  constructor(
    private readonly options: {
      readonly store: EventStore;
      readonly database: Database<Tables>;
      readonly projection: Projection;
      /**
       * Stream name prefixes of all events whose positions anybody may wait for: the view passes those that are
       * not its own too.
       */
      readonly follows?: readonly string[];
      /** Shared with other views of the same events; it begins when it is opened. Left out: a subscription of its own. */
      readonly shared?: SharedSubscription;
      /** How long, ms, events may gather while nobody waits for the view; 0 when left out. */
      readonly linger?: () => number;
      readonly clock: { now(): number };
      readonly onParked?: (projection: string, event: RecordedEvent, reason: string) => void;
      readonly onError?: (projection: string, error: unknown) => void;
    },
  ) {
    this.caughtUp = new Promise((resolve, reject) => {
      this.onCaughtUp = resolve;
      this.onFailure = reject;
    });
    this.caughtUp.catch(() => undefined);
  }

  get name(): string {
    return this.options.projection.name;
  }

  /** Makes the tables if they are not there and follows the store from the checkpoint. */
  async start(): Promise<void> {
    const { database, projection, store } = this.options;
    await createCheckpoints(database);
    const row = await this.checkpoint(database.db);
    if (!row) {
      await database.transaction(async (trx) => {
        await projection.create(trx);
        await trx
          .insertInto('checkpoints')
          .values({
            projection: projection.name,
            version: projection.version,
            position: null,
            updated_at: this.options.clock.now(),
          })
          .execute();
      });
    }
    this.position = row?.position ? positionFromText(row.position) : undefined;
    this.building = !(await this.isBuilt());
    const subscribe = (of: SubscribeOptions): EventSubscription =>
      this.options.shared ? this.options.shared.join(of) : store.subscribeToAll(of);
    this.subscription = subscribe({
      after: this.position,
      prefixes: [...new Set([...projection.prefixes, ...(this.options.follows ?? [])])],
      onEvents: (events) => this.take(events),
      linger: () => (this.building || this.waiters.size > 0 ? 0 : (this.options.linger?.() ?? 0)),
      onCheckpoint: (position) => this.advance(position),
      onCaughtUp: () => {
        if (this.building) this.marking = this.markBuilt();
        this.building = false;
        this.onCaughtUp();
      },
      onError: (error) => this.options.onError?.(projection.name, error),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
    await this.marking;
    await this.storePassed();
    for (const waiter of this.waiters) waiter.resolve(false);
    this.waiters.clear();
  }

  /** True once the view has folded everything up to the position; false when `timeoutMs` passed before. */
  async reached(position: Position | undefined, timeoutMs: number): Promise<boolean> {
    if (!position || this.isAt(position)) return true;
    if (this.failure) throw this.failure as Error;
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => waiter.resolve(false), timeoutMs);
      const waiter: Waiter = {
        position,
        resolve: (reached) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(reached);
        },
      };
      this.waiters.add(waiter);
      this.subscription?.hurry();
    });
  }

  /** The old versions' tables are of no use once this one stands. */
  async dropOlder(): Promise<void> {
    const { database, projection } = this.options;
    const older = await database.db
      .selectFrom('checkpoints')
      .select('version')
      .where('projection', '=', projection.name)
      .where('version', '<', projection.version)
      .execute();
    for (const { version } of older) {
      await database.transaction(async (trx) => {
        await projection.drop(trx, version as number);
        for (const table of ['checkpoints', 'built_projections']) {
          await trx
            .deleteFrom(table)
            .where('projection', '=', projection.name)
            .where('version', '=', version)
            .execute();
        }
      });
    }
  }

  /** Whether this version has folded all of history once: before, a restart goes on building. */
  private async isBuilt(): Promise<boolean> {
    const { database, projection } = this.options;
    const row = await database.db
      .selectFrom('built_projections')
      .select('version')
      .where('projection', '=', projection.name)
      .where('version', '=', projection.version)
      .executeTakeFirst();
    return row !== undefined;
  }

  private async markBuilt(): Promise<void> {
    const { database, projection } = this.options;
    try {
      await database.db
        .insertInto('built_projections')
        .values({ projection: projection.name, version: projection.version })
        .onConflict((conflict) => conflict.columns(['projection', 'version']).doNothing())
        .execute();
    } catch (error) {
      // Then it counts as being built once more after a restart.
      this.options.onError?.(projection.name, error);
    }
  }

  private isAt(position: Position): boolean {
    return this.position !== undefined && comparePositions(this.position, position) >= 0;
  }

  private async take(events: readonly RecordedEvent[]): Promise<void> {
    const unseen = events.filter((event) => !this.isAt(event.position));
    const { prefixes } = this.options.projection;
    const fresh = unseen.filter((event) => prefixes.some((prefix) => event.stream.startsWith(prefix)));
    if (fresh.length > 0) await this.foldAll(fresh);
    const last = unseen.at(-1);
    if (last) this.moveTo(last.position);
  }

  private async foldAll(fresh: readonly RecordedEvent[]): Promise<void> {
    try {
      await this.fold(fresh);
    } catch (error) {
      if (error instanceof TryAgainLater) throw error;
      if (this.building) {
        this.failure = error;
        this.onFailure(error);
        throw error;
      }
      // One of them is poison: fold them one by one to find out which.
      for (const event of fresh) await this.foldOrPark(event);
    }
  }

  private async fold(events: readonly RecordedEvent[]): Promise<void> {
    const { database, projection } = this.options;
    if (await projection.leavesAlone?.(database.db, events)) return this.storeSoon();
    const last = events.at(-1)!.position;
    const taken = await database.transaction(async (trx) => {
      // Another process may fold the same view: whoever comes second finds its events folded already.
      const row = await this.checkpoint(trx, 'for-update');
      const stored = row?.position ? positionFromText(row.position) : undefined;
      const fresh = stored ? events.filter((event) => comparePositions(event.position, stored) > 0) : events;
      if (fresh.length === 0) return stored;
      await projection.apply(trx, fresh);
      await this.store(trx, last);
      return last;
    });
    // Before anybody hears that the view is there: what it wakes is awake by then.
    this.options.projection.onApplied?.(events);
    this.moveTo(taken ?? last);
  }

  private async foldOrPark(event: RecordedEvent): Promise<void> {
    const { database, projection, clock } = this.options;
    try {
      await this.fold([event]);
    } catch (error) {
      if (error instanceof TryAgainLater) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      // If even this fails the database is gone, not the event bad: the subscription begins again from here.
      await database.transaction(async (trx) => {
        await trx
          .insertInto('parked_events')
          .values({
            projection: projection.name,
            event_id: event.id,
            stream: event.stream,
            type: event.type,
            position: positionToText(event.position),
            reason,
            parked_at: clock.now(),
          })
          .onConflict((conflict) => conflict.columns(['projection', 'event_id']).doNothing())
          .execute();
        await this.store(trx, event.position);
      });
      this.moveTo(event.position);
      this.options.onParked?.(projection.name, event, reason);
    }
  }

  /** Nothing of interest up to here. Kept in memory only: after a restart the store is asked again. */
  private advance(position: Position): Promise<void> {
    this.moveTo(position);
    return Promise.resolve();
  }

  private moveTo(position: Position): void {
    if (!this.isAt(position)) this.position = position;
    for (const waiter of this.waiters) if (this.isAt(waiter.position)) waiter.resolve(true);
  }

  /** What was passed in memory only is stored within a second, so that a restart does not go far back. */
  private storeSoon(): void {
    this.passed ??= setTimeout(() => void this.storePassed(), STORE_PASSED_MS).unref();
  }

  private async storePassed(): Promise<void> {
    if (!this.passed) return;
    clearTimeout(this.passed);
    this.passed = undefined;
    const position = this.position!;
    try {
      await this.options.database.transaction(async (trx) => {
        const row = await this.checkpoint(trx, 'for-update');
        const stored = row?.position ? positionFromText(row.position) : undefined;
        if (!stored || comparePositions(position, stored) > 0) await this.store(trx, position);
      });
    } catch (error) {
      // Then a restart looks at these events again, and passes them again.
      this.options.onError?.(this.options.projection.name, error);
    }
  }

  /** `for-update`: nobody else folds this view until the transaction ends. */
  private async checkpoint(
    db: Kysely<Tables>,
    lock?: 'for-update',
  ): Promise<{ position: string | null } | undefined> {
    const { projection, database } = this.options;
    // SQLite has one writer at a time as it is.
    const query = lock && database.engine === 'postgres' ? checkpointForUpdate : checkpointOf;
    return (await query.rows(db, { name: projection.name, version: projection.version }))[0];
  }

  private async store(trx: Transaction<Tables>, position: Position): Promise<void> {
    const { name, version } = this.options.projection;
    const to = positionToText(position);
    await storeCheckpoint.run(trx, { name, version, position: to, at: this.options.clock.now() });
  }
}
