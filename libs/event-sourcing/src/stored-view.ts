import { type Database, learnRows, lockUntilCommit, patiently } from '@latchkey/database';
import type { Transaction } from 'kysely';
import { type Checkpoint, Checkpoints } from './checkpoints';
import { comparePositions, type Position } from './event-store';
import { streamsParkedBy, unpark } from './parked-events';
import type { Projection } from './projection';
import { createProjectionTables } from './projection-tables';
import { type HistoryEnd, type SharedHistory, sharedHistory } from './restored-store';
import type { Tables } from './tables';

/** A view in its database: the tables of its version, and how far they have got. */
export class StoredView {
  readonly checkpoints: Checkpoints;
  private before: Checkpoint | undefined;
  /** Its readers' indexes were there, or were made, when it was prepared or marked. */
  private isIndexed = false;

  constructor(
    private readonly options: {
      readonly store: HistoryEnd;
      readonly database: Database<Tables>;
      readonly projection: Projection;
      readonly clock: { now(): number };
    },
  ) {
    this.checkpoints = new Checkpoints(options.database, options.projection);
  }

  /**
   * Makes the tables if they are not there, and the indexes that a built view lacks, since an earlier version of the
   * server made it.
   * @returns what the event store still shares with the view, where it no longer has all that the view has folded
   */
  async prepare(): Promise<SharedHistory | undefined> {
    const { database, store } = this.options;
    await createProjectionTables(database);
    await patiently(() =>
      this.alone(async (trx) => {
        if (!(await this.checkpoints.lock(trx))) return this.begin(trx);
        if (await this.checkpoints.isBuilt(trx)) await this.index(trx);
      }),
    );
    this.before = await this.checkpoints.load();
    return this.before && sharedHistory(store, this.before);
  }

  /** Begins the view again, or, if its rows last, goes on from where the event store ended when it was prepared. */
  async goBack({ end }: SharedHistory): Promise<void> {
    const { projection, clock } = this.options;
    await this.alone(async (trx) => {
      const now = await this.checkpoints.lock(trx);
      // Another instance may have been faster.
      if (!samePlace(now?.position, this.before?.position)) return;
      if (projection.lasting) return this.checkpoints.store(trx, end?.position, end, clock.now());
      await projection.drop(trx, projection.version);
      await this.begin(trx);
    });
  }

  /** Whether this version has folded all of history once: before, a restart goes on building. */
  isBuilt(): Promise<boolean> {
    return this.checkpoints.isBuilt();
  }

  /** The same. Who built it since it was prepared may have ended early: the indexes that it lacks are made. */
  async isBuiltWithIndexes(): Promise<boolean> {
    const isBuilt = await this.isBuilt();
    if (isBuilt && !this.isIndexed) await patiently(() => this.alone((trx) => this.index(trx)));
    return isBuilt;
  }

  /**
   * It has folded all of history: its readers' indexes are made, the planner learns of its rows, and events that it had
   * left out are in it now.
   */
  async markBuilt(): Promise<void> {
    const { projection } = this.options;
    // Many rows take long, and so does waiting for another instance that does the same.
    const work = async (trx: Transaction<Tables>): Promise<void> => {
      // Whoever still folds it as one that is being built has ended that batch, and sees that it is built with the next.
      await this.checkpoints.lock(trx);
      await this.index(trx);
      await learnRows(trx, projection.tables ?? []);
      await unpark(trx, projection.name);
      await this.checkpoints.markBuilt(trx);
    };
    await patiently(() => this.alone(work));
  }

  /** The old versions' tables are useless once this one is built. */
  async dropOlder(): Promise<void> {
    const { database, projection } = this.options;
    for (const version of await this.checkpoints.olderVersions()) {
      await database.transaction(async (trx) => {
        await projection.drop(trx, version);
        await this.checkpoints.forget(trx, version);
      });
    }
  }

  private async begin(trx: Transaction<Tables>): Promise<void> {
    const { projection, clock } = this.options;
    const position = await this.checkpoints.ofOlderVersion(trx);
    const parkedStreams = await streamsParkedBy(trx, projection.name);
    await this.checkpoints.forget(trx, projection.version);
    await projection.create(trx, position && { position, parkedStreams });
    await this.checkpoints.begin(trx, clock.now());
  }

  private async index(trx: Transaction<Tables>): Promise<void> {
    await this.options.projection.index?.(trx);
    this.isIndexed = true;
  }

  /** While no other instance does the same. */
  private alone(work: (trx: Transaction<Tables>) => Promise<void>): Promise<void> {
    const { database, projection } = this.options;
    return database.transaction(async (trx) => {
      await lockUntilCommit(trx, database.engine, `projection ${projection.name}`);
      await work(trx);
    });
  }
}

function samePlace(a: Position | undefined, b: Position | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0);
}
