import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, openDatabase, patiently, tablesOf } from '@latchkey/database';
import {
  Checkpoints,
  historyUpTo,
  type Position,
  ProjectionRunner,
  type ProjectionRunnerOptions,
  type Tables,
  UnfoldableEvent,
  UnreadableEvent,
} from '@latchkey/event-sourcing';
import type { Config } from '@latchkey/platform';
import { sql } from 'kysely';
import type { ReplayableView } from './replayable-views';

/** A view that is read can't be compared or replaced; the message says why. */
export class NotReplayable extends Error {}

/** The tables that each database of views has for itself. */
const OF_DATABASE: ReadonlySet<string> = new Set(['checkpoints', 'built_projections', 'parked_events']);

/** Told of what folds, before it begins. */
export type Followed = (runner: ProjectionRunner) => void;

/** How a database is opened for folding, and the name by which SQL reaches it from another one's connection. */
export interface Place {
  readonly schema: string;
  /** The SQLite file; undefined on PostgreSQL. */
  readonly file: string | undefined;
}

/**
 * A view that is folded again, in a database of its own beside the one that is read: a SQLite file in `folder`, or a
 * schema of the same PostgreSQL database. It goes on where an earlier process left it.
 */
export class FreshView {
  private constructor(
    readonly view: ReplayableView,
    readonly database: Database<Tables>,
    readonly place: Place,
    private readonly live: Database<Tables>,
    private readonly options: Pick<ProjectionRunnerOptions, 'store' | 'clock'>,
  ) {}

  /** @param purpose part of the name of the schema, or of the file */
  static async open(
    view: ReplayableView,
    purpose: string,
    parts: {
      readonly config: Pick<Config, 'databaseUrl'>;
      readonly folder: string;
      readonly live: Database<Tables>;
    } & Pick<ProjectionRunnerOptions, 'store' | 'clock'>,
  ): Promise<FreshView> {
    const { config, folder, live, store, clock } = parts;
    const schema = `${purpose}_${view.projection.name}`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = config.databaseUrl === undefined ? join(folder, `${schema}.db`) : undefined;
    const database = await (file !== undefined
      ? openDatabase<Tables>({ file, durability: 'normal' })
      : openDatabase<Tables>({ url: config.databaseUrl!, schema, poolSize: 2 }));
    return new FreshView(view, database, { schema, file }, live, { store, clock });
  }

  get name(): string {
    return this.view.projection.name;
  }

  /** How far it is folded. */
  async position(): Promise<Position | undefined> {
    return (await new Checkpoints(this.database, this.view.projection).load())?.position;
  }

  /** The tables that are compared with, and take the place of, those that are read. */
  async tables(): Promise<string[]> {
    const { database, view } = this;
    const apart = (table: string): boolean =>
      OF_DATABASE.has(table) || view.besidesEvents[table] === 'all' || view.givenTables.includes(table);
    return (await tablesOf(database.db, database.engine)).filter((table) => !apart(table));
  }

  /**
   * Folds on, up to a position that the store has reached, or to the end of what is there.
   * @throws {NotReplayable} where an event of ours can't be read or folded
   */
  async fold(upTo: Position | undefined, followed: Followed): Promise<void> {
    const { database, options } = this;
    const { projection } = this.view;
    const store = upTo ? historyUpTo(options.store, upTo) : options.store;
    const runner = new ProjectionRunner({ ...options, store, database, projection, listsForeign: false });
    const isNew = (await tablesOf(database.db, database.engine)).length === 0;
    await runner.prepare();
    if (isNew) await this.take(this.view.givenTables);
    followed(runner);
    await runner.start();
    try {
      await runner.caughtUp;
    } catch (error) {
      if (!(error instanceof UnreadableEvent || error instanceof UnfoldableEvent)) throw error;
      throw new NotReplayable(`The view ${this.name} can't be folded again: ${error.message}`);
    } finally {
      await runner.stop();
    }
  }

  /** Makes the tables, for a history in which nothing has happened yet. */
  async prepare(): Promise<void> {
    const { database, options } = this;
    await new ProjectionRunner({ ...options, database, projection: this.view.projection }).prepare();
  }

  close(): Promise<void> {
    return this.database.close();
  }

  /** Closes it and leaves nothing of it. */
  async remove(): Promise<void> {
    const { file, schema } = this.place;
    if (file === undefined) {
      await patiently(() => sql`drop schema if exists ${sql.id(schema)} cascade`.execute(this.database.db));
    }
    await this.close();
    if (file !== undefined) for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
  }

  private async take(tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      const rows = (await this.live.db.selectFrom(table).selectAll().execute()) as Record<string, unknown>[];
      for (const row of rows) await this.database.db.insertInto(table).values(row).execute();
    }
  }
}
