import { testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import type { Position, RecordedEvent } from './event-store';
import { EventStoreDb } from './eventstoredb';
import { checkpointReached } from './checkpoints';
import { ProjectionRunner, type Tables } from './projection';
import { newEvent, SumsProjection, TestNode, until } from './testing/counter';

const LONG = 15_000;

describe.each(testEngines)('a projection on %s', (engine) => {
  const node = new TestNode();
  let store: EventStoreDb;
  let test: TestDatabase;
  let database: Awaited<ReturnType<typeof openTables>>;
  let stream: string;
  let number = 0;
  const runners: ProjectionRunner[] = [];
  const parked: { event: RecordedEvent; reason: string }[] = [];

  const openTables = () => test.open<Tables>();

  beforeAll(async () => {
    store = new EventStoreDb(await node.start());
  });
  afterAll(async () => {
    await store.close();
    await node.discard();
  });
  beforeEach(async () => {
    test = testDatabase(engine);
    database = await openTables();
    stream = `sums${++number}-1`;
    parked.length = 0;
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
    await test.drop();
  });

  /** Its own streams begin with `sums<n>-`, so that tests do not see each other's. */
  const projectionOf = (version = 1): SumsProjection => {
    const projection = new SumsProjection(version);
    Object.assign(projection, { prefixes: [`sums${number}-`] });
    return projection;
  };
  const run = async (projection: SumsProjection, follows: string[] = []) => {
    const runner = new ProjectionRunner({
      store,
      database,
      projection,
      follows,
      clock: { now: () => 1_000 },
      onParked: (_name, event, reason) => parked.push({ event, reason }),
    });
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const append = async (...amounts: unknown[]): Promise<Position> => {
    const events = amounts.map((amount) => newEvent(amount));
    return (await store.append(stream, events, 'any')).position;
  };
  const total = async (version = 1): Promise<number | undefined> => {
    const row = await database.db
      .selectFrom(`sums_v${version}`)
      .select('total')
      .where('stream', '=', stream)
      .executeTakeFirst();
    return row && Number(row.total);
  };

  it('folds history and news, and says when a position is reached', async () => {
    await append(1, 2);
    const runner = await run(projectionOf());
    await runner.caughtUp;
    expect(await total()).toBe(3);
    const position = await append(4);
    expect(await runner.reached(position, LONG)).toBe(true);
    expect(await total()).toBe(7);
    expect(await checkpointReached(database, { name: 'sums', version: 1 }, position, LONG)).toBe(true);
  });

  it('says so when a position is not reached in time', async () => {
    const runner = await run(projectionOf());
    await runner.caughtUp;
    const position = await append(1);
    const beyond = { commit: position.commit + 1_000_000n, prepare: position.prepare + 1_000_000n };
    expect(await runner.reached(beyond, 1)).toBe(false);
    expect(await runner.reached(undefined, 1)).toBe(true);
    expect(await checkpointReached(database, { name: 'sums', version: 1 }, beyond, 1)).toBe(false);
  });

  it('goes on after a restart where it was, and folds nothing twice', async () => {
    const first = await run(projectionOf());
    await first.reached(await append(1, 2), LONG);
    await first.stop();
    await append(3);
    const folded: number[] = [];
    const projection = projectionOf();
    projection.onBatch = (events) => void folded.push(...events.map((event) => event.revision));
    const second = await run(projection);
    await second.reached(await append(4), LONG);
    expect(folded).toEqual([2, 3]);
    expect(await total()).toBe(10);
  });

  it('spends no transaction on what it leaves alone, and does not look at it again after a restart', async () => {
    const looked: number[] = [];
    const folded: number[] = [];
    const zerosLeftAlone = () => {
      const projection = projectionOf();
      projection.onBatch = (events) => void folded.push(...events.map((event) => event.revision));
      return Object.assign(projection, {
        leavesAlone: (_db: unknown, events: readonly RecordedEvent[]) => {
          looked.push(...events.map((event) => event.revision));
          return Promise.resolve(events.every((event) => (event.data as { amount: number }).amount === 0));
        },
      });
    };
    const first = await run(zerosLeftAlone());
    await first.reached(await append(0, 0), LONG);
    await first.reached(await append(7), LONG);
    const position = await append(0);
    expect(await first.reached(position, LONG)).toBe(true);
    await first.stop();
    expect([looked, folded, await total()]).toEqual([[0, 1, 2, 3], [2], 7]);
    expect(await checkpointReached(database, { name: 'sums', version: 1 }, position, 1)).toBe(true);

    const second = await run(zerosLeftAlone());
    await second.reached(await append(0), LONG);
    expect([looked, folded]).toEqual([[0, 1, 2, 3, 4], [2]]);
  });

  it('stores rows and checkpoint together: what fails in between is folded again', async () => {
    await append(1);
    const projection = projectionOf();
    const runner = await run(projection);
    await runner.caughtUp;
    const apply = projection.apply;
    let failures = 1;
    Object.assign(projection, {
      apply: async (...[trx, events]: Parameters<typeof apply>) => {
        await apply(trx, events);
        if (failures-- > 0) throw new Error('crashed after the rows were written');
      },
    });
    await runner.reached(await append(2), LONG);
    expect(await total()).toBe(3);
    expect(parked).toEqual([]);
  });

  it('folds once what two of them follow', async () => {
    const [one, two] = [await run(projectionOf()), await run(projectionOf())];
    for (let n = 0; n < 20; n++) await append(1);
    const position = await append(1);
    await Promise.all([one.reached(position, LONG), two.reached(position, LONG)]);
    expect(await total()).toBe(21);
  });

  it('parks a poison event with its reason while running, and goes on', async () => {
    const runner = await run(projectionOf());
    await runner.reached(await append(1), LONG);
    await runner.caughtUp;
    const position = await append('poison', 2, 3);
    expect(await runner.reached(position, LONG)).toBe(true);
    expect(await total()).toBe(6);
    expect(parked).toHaveLength(1);
    expect(parked[0]).toMatchObject({ event: { revision: 1 }, reason: expect.stringMatching(/amount/) });
    const rows = await database.db.selectFrom('parked_events').selectAll().execute();
    expect(rows).toMatchObject([
      { projection: 'sums', stream, type: 'Added', event_id: parked[0]!.event.id },
    ]);
  });

  it('fails loudly while it is being built', async () => {
    await append(1, 'poison', 2);
    const runner = await run(projectionOf());
    await expect(runner.caughtUp).rejects.toThrow(/can't be read/);
    await expect(runner.reached({ commit: 1n << 60n, prepare: 1n << 60n }, LONG)).rejects.toThrow(
      /can't be read/,
    );
    expect(await total()).toBeUndefined();
    expect(parked).toEqual([]);
  });

  it('fails loudly also when its building was interrupted', async () => {
    const projection = projectionOf();
    await append(1);
    const first = await run(projection);
    await until(async () => (await total()) === 1);
    await first.stop();
    // As a crash leaves it before all of history was folded.
    await database.db.deleteFrom('built_projections').execute();
    await append('poison');
    const second = await run(projectionOf());
    await expect(second.caughtUp).rejects.toThrow(/can't be read/);
  });

  it('passes the positions of streams that it only follows', async () => {
    const runner = await run(projectionOf(), ['foreign-']);
    await runner.caughtUp;
    const { position } = await store.append('foreign-1', [newEvent(1)], 'any');
    expect(await runner.reached(position, LONG)).toBe(true);
    expect(await database.db.selectFrom('sums_v1').selectAll().execute()).toEqual([]);
  });

  it('is built anew beside the old one when its version is raised, and takes its place', async () => {
    const old = await run(projectionOf(1));
    await old.reached(await append(1, 2), LONG);
    const next = await run(projectionOf(2));
    await next.caughtUp;
    expect([await total(1), await total(2)]).toEqual([3, 3]);
    await old.stop();
    await next.dropOlder();
    await expect(total(1)).rejects.toThrow(/sums_v1/);
    expect(await total(2)).toBe(3);
  });
});
