import { type Database, type Engine, openDatabase, testDatabase } from '@latchkey/database';
import type { EventStore, Position } from '../event-store';
import type { Projection } from '../projection';
import { ProjectionRunner, type ProjectionRunnerOptions } from '../projection-runner';
import { type ViewBarrier, ViewsBehind } from '../view-barrier';

/** How long a test waits for views, ms. */
const WITHIN_MS = 15_000;

/** Views for a test: folded by the real runner, in a database of their own. */
export interface Projected<T> extends ViewBarrier {
  readonly database: Database<T>;
  readonly runners: readonly ProjectionRunner[];
  /** Stops folding, and drops the database unless it was there before. */
  close(): Promise<void>;
}

/**
 * Folds projections from a store, until they are closed; resolves when they have what has happened so far.
 * @param options.on a database, or on which engine to make one; `memory`: SQLite without a file, the fastest
 * @param options.follows what is waited for beside the projections' own, as of ProjectionRunner
 * @param options.linger how long views let events gather while nobody waits, ms
 */
export async function projected<T>(
  options: Pick<ProjectionRunnerOptions, 'clock' | 'follows' | 'linger'> & {
    readonly store: EventStore;
    readonly on: Engine | 'memory' | Database<T>;
    readonly projections: readonly Projection[];
  },
): Promise<Projected<T>> {
  const { on, projections, store, ...rest } = options;
  const { database, drop } = await databaseOn<T>(on);
  const follows = options.follows ?? [...new Set(projections.flatMap(({ prefixes }) => prefixes))];
  const runners = projections.map(
    (projection) =>
      new ProjectionRunner({
        ...rest,
        store,
        database: database,
        projection,
        follows,
      }),
  );
  for (const runner of runners) await runner.start();
  await Promise.all(runners.map(({ caughtUp }) => caughtUp));
  const reached = async (position: Position | undefined): Promise<void> => {
    const are = await Promise.all(runners.map((runner) => runner.reached(position, WITHIN_MS)));
    if (are.includes(false)) throw new ViewsBehind();
  };
  return {
    database,
    runners,
    reached,
    caughtUp: async () => reached(await store.ping()),
    async close() {
      for (const runner of runners) await runner.stop();
      await drop();
    },
  };
}

async function databaseOn<T>(
  on: Engine | 'memory' | Database<T>,
): Promise<{ database: Database<T>; drop: () => Promise<void> }> {
  if (typeof on === 'object') return { database: on, drop: () => Promise.resolve() };
  if (on !== 'memory') {
    const test = testDatabase(on);
    return { database: await test.open<T>(), drop: () => test.drop() };
  }
  const database = await openDatabase<T>({ file: ':memory:', durability: 'normal' });
  return { database, drop: () => database.close() };
}
