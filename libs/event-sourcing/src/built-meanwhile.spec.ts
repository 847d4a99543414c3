import { testDatabase, testEngines } from '@latchkey/database';
import { Checkpoints } from './checkpoints';
import type { EventStore } from './event-store';
import { InMemoryEventStore } from './in-memory';
import type { Projection } from './projection';
import { ProjectionRunner } from './projection-runner';
import type { Tables } from './tables';
import { newEvent, SumsProjection } from './testing/counter';

describe.each(testEngines)('a projection that is built, on %s', (engine) => {
  const test = testDatabase(engine);
  afterAll(() => test.drop());

  /** Folds two events of history and one after it. @returns whether each batch was folded as one of the building */
  async function foldedAsBuilding(version: number, markedByOther: boolean): Promise<unknown[]> {
    const database = await test.open<Tables>();
    const store = new InMemoryEventStore();
    await store.append('counter-1', [newEvent(1), newEvent(2)], 'any');
    const told: unknown[] = [];
    const sums = new SumsProjection(version);
    const projection: Projection = {
      ...sums,
      apply: (trx, events, how) => {
        told.push(how?.building);
        return sums.apply(trx, events);
      },
    };
    const checkpoints = new Checkpoints(database, projection);
    const following: Pick<EventStore, 'subscribeToAll'> = {
      subscribeToAll: (options) =>
        store.subscribeToAll({
          ...options,
          onEvents: async (events) => {
            if (markedByOther) await database.transaction((trx) => checkpoints.markBuilt(trx));
            await options.onEvents(events);
          },
        }),
    };
    const runner = new ProjectionRunner({
      ...{ database, projection, clock: { now: () => 1_000 } },
      store: Object.assign(Object.create(store) as typeof store, following),
    });
    await runner.start();
    await runner.caughtUp;
    const { position } = await store.append('counter-1', [newEvent(3)], 'any');
    expect(await runner.reached(position, 10_000)).toBe(true);
    await runner.stop();
    return told;
  }

  it('gets the indexes that it lacks where another has built it since it was prepared', async () => {
    const database = await test.open<Tables>();
    const store = new InMemoryEventStore();
    let indexed = 0;
    const index = () => Promise.resolve(void indexed++);
    const projection: Projection = { ...new SumsProjection(3), index };
    const start = async (another: Partial<Projection>, meanwhile?: () => Promise<unknown>) => {
      const options = { database, store, clock: { now: () => 1_000 } };
      const runner = new ProjectionRunner({ ...options, projection: { ...projection, ...another } });
      await runner.prepare();
      await meanwhile?.();
      await runner.start();
      await runner.caughtUp;
      await runner.stop();
    };
    await start({}, () => start({ index: () => Promise.resolve() }));
    expect(indexed).toBe(1);
    await start({});
    expect(indexed).toBe(2);
  });

  it('is told so, until all of history is folded', async () => {
    expect(await foldedAsBuilding(1, false)).toEqual([true, false]);
  });

  it('is not told so once another instance has built it, and works with its rows', async () => {
    expect(await foldedAsBuilding(2, true)).toEqual([false, false]);
  });
});
