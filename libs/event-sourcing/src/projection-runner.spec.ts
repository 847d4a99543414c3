import { until } from '@latchkey/platform';
import { binaryEvent, type EventData, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import { EventStoreDb } from './eventstoredb';
import { Checkpoints } from './checkpoints';
import { comparePositions, type Position, positionToText, type RecordedEvent } from './event-store';
import { folding } from './poison';
import type { Projection } from './projection';
import { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner';
import type { Tables } from './tables';
import { counterCodec, metadata, newEvent, SumsProjection, TestNode } from './testing/counter';

const LONG = 15_000;

describe.each(testEngines)('a projection on %s', (engine) => {
  const node = new TestNode();
  let store: EventStoreDb;
  let stranger: EventStoreDBClient;
  let test: TestDatabase;
  let database: Awaited<ReturnType<typeof openTables>>;
  let stream: string;
  let number = 0;
  const runners: ProjectionRunner[] = [];
  const parked: { event: RecordedEvent; reason: string }[] = [];
  const told: string[] = [];

  const openTables = () => test.open<Tables>();

  beforeAll(async () => {
    const url = await node.start();
    store = new EventStoreDb(url);
    stranger = EventStoreDBClient.connectionString(url);
  });
  afterAll(async () => {
    await stranger.dispose();
    await store.close();
    await node.discard();
  });
  beforeEach(async () => {
    test = testDatabase(engine);
    database = await openTables();
    stream = `sums${++number}-1`;
    parked.length = 0;
    told.length = 0;
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
  const run = async (
    projection: Projection,
    follows: string[] = [],
    more: Partial<ProjectionRunnerOptions> = {},
  ) => {
    const runner = new ProjectionRunner({
      store,
      database,
      projection,
      follows,
      clock: { now: () => 1_000 },
      onParked: (_name, event, reason) => parked.push({ event, reason }),
      onError: (_name, error) => told.push(String(error)),
      onRecovered: () => told.push('goes on'),
      ...more,
    });
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const append = async (...amounts: unknown[]): Promise<Position> => {
    const events = amounts.map((amount) => newEvent(amount));
    return (await store.append(stream, events, 'any')).position;
  };
  const storedPast = async (position: Position): Promise<boolean> => {
    const stored = await storedPosition();
    return stored !== undefined && comparePositions(stored, position) >= 0;
  };
  const storedPosition = async () =>
    (await new Checkpoints(database, { name: 'sums', version: 1 }).load())?.position;
  const listed = () => database.db.selectFrom('parked_events').selectAll().orderBy('position').execute();
  /** Reads what it is given before it folds any of it. */
  const readingSums = (version?: number) =>
    Object.assign(projectionOf(version), { read: (event: RecordedEvent) => void counterCodec.decode(event) });
  const range = (to: number) => Array.from({ length: to }, (_, n) => n);
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
    expect(await storedPast(position)).toBe(true);
  });

  it('says so when a position is not reached in time', async () => {
    const runner = await run(projectionOf());
    await runner.caughtUp;
    const position = await append(1);
    const beyond = { commit: position.commit + 1_000_000n, prepare: position.prepare + 1_000_000n };
    expect(await runner.reached(beyond, 1)).toBe(false);
    expect(await runner.reached(undefined, 1)).toBe(true);
    expect(await storedPast(beyond)).toBe(false);
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
    expect(await storedPast(position)).toBe(true);

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

  it('stops with an error while it is being built', async () => {
    await append(1, 'poison', 2);
    const runner = await run(projectionOf());
    await expect(runner.caughtUp).rejects.toThrow(/can't be read/);
    await expect(runner.reached({ commit: 1n << 60n, prepare: 1n << 60n }, LONG)).rejects.toThrow(
      /can't be read/,
    );
    expect(await total()).toBeUndefined();
    expect(parked).toEqual([]);
  });

  it('stops with an error also when its building was interrupted', async () => {
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

  it('is built again beside the old one when its version is raised, and takes its place', async () => {
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

  describe('waits out what passes', () => {
    /** A view whose database is unavailable for a while, with the error of any engine's driver. */
    const awayFor = (failures: number, error: () => unknown) => {
      const projection = projectionOf();
      projection.onBatch = () => {
        if (failures-- > 0) throw error() as Error;
      };
      return projection;
    };
    const coded = (message: string, code?: string) => () => Object.assign(new Error(message), { code });

    it.each<[string, () => unknown]>([
      ['a full disk', coded('database or disk is full', 'SQLITE_FULL')],
      ['a broken disk', coded('disk I/O error', 'SQLITE_IOERR_WRITE')],
      ['a connection that was cut', coded('Connection terminated unexpectedly')],
      ['a server that shuts down', coded('terminating connection', '57P01')],
      ['a full disk on PostgreSQL', coded('could not extend file', '53100')],
      ['a deadlock', coded('deadlock detected', '40P01')],
      ['a connection that is refused', coded('connect ECONNREFUSED', 'ECONNREFUSED')],
      ['what nobody has thought of', () => 'odd'],
    ])('%s: nothing is parked, and no event is lost', async (_what, error) => {
      const runner = await run(awayFor(3, error));
      await runner.caughtUp;
      await append(1, 2);
      const position = await append(4);
      expect(await runner.reached(position, LONG)).toBe(true);
      expect(await total()).toBe(7);
      expect(parked).toEqual([]);
      expect(await listed()).toEqual([]);
      expect(told).toEqual([String(error()), 'goes on']);
      expect(runner.trouble).toBeUndefined();
    });

    it('while it is built, too', async () => {
      await append(1, 2, 3);
      const runner = await run(awayFor(3, coded('database or disk is full', 'SQLITE_FULL')));
      await runner.caughtUp;
      expect(await total()).toBe(6);
    });

    it('a database that becomes unavailable while it runs', async () => {
      const runner = await run(projectionOf());
      await runner.reached(await append(1), LONG);
      const { transaction } = database;
      Object.assign(database, { transaction: () => Promise.reject(new Error('the database is away')) });
      const position = await append(2, 3);
      expect(await runner.reached(position, 300)).toBe(false);
      expect(runner.trouble).toEqual(new Error('the database is away'));
      Object.assign(database, { transaction });
      expect(await runner.reached(position, LONG)).toBe(true);
      expect([await total(), await listed()]).toEqual([6, []]);
    });
  });

  describe('parks', () => {
    it('what can be read, but not folded', async () => {
      const projection = projectionOf();
      projection.onBatch = (events) => {
        for (const event of events) {
          folding(event, () => {
            if ((event.data as { amount: number }).amount === 13) throw new Error('unlucky');
          });
        }
      };
      const runner = await run(projection);
      await runner.caughtUp;
      await runner.reached(await append(1, 13, 2), LONG);
      expect(await total()).toBe(3);
      expect(parked).toMatchObject([{ event: { revision: 1 }, reason: expect.stringMatching(/unlucky/) }]);
    });

    it('what no database takes', async () => {
      const projection = projectionOf();
      const { apply } = projection;
      Object.assign(projection, {
        apply: async (...[trx, events]: Parameters<typeof apply>) => {
          await apply(trx, events);
          for (const { data } of events) {
            if ((data as { amount: number }).amount !== 13) continue;
            await trx.insertInto('sums_v1').values({ stream: 'a\0b', total: 1 }).execute();
          }
        },
      });
      const runner = await run(projection);
      await runner.caughtUp;
      await runner.reached(await append(1, 13, 2), LONG);
      expect(await total()).toBe(3);
      expect(parked).toMatchObject([{ event: { revision: 1 } }]);
    });
  });

  describe('sets foreign events aside', () => {
    const strangers: [string, (id: string) => EventData][] = [
      ['of an unknown type', (id) => jsonEvent({ id, type: 'Odd ☂', data: {}, metadata: { ...metadata } })],
      ['without metadata', (id) => jsonEvent({ id, type: 'Added', data: { amount: 5 } })],
      ['without our version', (id) => jsonEvent({ id, type: 'Added', data: {}, metadata: { me: 1 } })],
      ['in bytes', (id) => binaryEvent({ id, type: 'Added', data: Buffer.from([255, 0]) })],
    ];

    it.each(strangers)('%s: live, in a rebuild, and told once', async (_what, foreign) => {
      const { id } = newEvent(0);
      await append(1);
      await stranger.appendToStream(stream, foreign(id));
      await append(2);
      const built = await run(readingSums());
      await built.caughtUp;
      const live = newEvent(0).id;
      await stranger.appendToStream(stream, foreign(live));
      await built.reached(await append(4), LONG);
      expect(await total()).toBe(7);
      expect(parked.map(({ event }) => event.id)).toEqual([id, live]);
      expect(await listed()).toMatchObject([
        { projection: '*', event_id: id, stream },
        { projection: '*', event_id: live, stream },
      ]);
      // Another view of the same database meets them too.
      const other = await run(Object.assign(readingSums(2), { name: 'more-sums' }));
      await other.caughtUp;
      expect([await total(2), (await listed()).length, parked.length]).toEqual([7, 2, 2]);
    });

    it('and lists none where another view does', async () => {
      await stranger.appendToStream(stream, strangers[0]![1](newEvent(0).id));
      const runner = await run(readingSums(), [], { listsForeign: false });
      await runner.caughtUp;
      await runner.reached(await append(4), LONG);
      expect([await total(), await listed()]).toEqual([4, []]);
    });

    it('but not one of ours that can not be read any more: that stops a rebuild', async () => {
      await append('poison');
      const runner = await run(readingSums());
      await expect(runner.caughtUp).rejects.toThrow(/can't be read: amount/);
      expect(await listed()).toEqual([]);
    });
  });

  it('sees every event, even if another process folds the view faster', async () => {
    const hearing = () => {
      const heard: number[] = [];
      const applied: number[] = [];
      const projection = Object.assign(projectionOf(), {
        onSeen: (events: readonly RecordedEvent[]) => void heard.push(...events.map((e) => e.revision)),
        onApplied: (events: readonly RecordedEvent[]) => void applied.push(...events.map((e) => e.revision)),
      });
      return { projection, heard, applied };
    };
    const [slow, fast] = [hearing(), hearing()];
    const slowRunner = await run(slow.projection);
    await slowRunner.caughtUp;
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    // Held up before it comes to its transaction, while the other one goes on.
    Object.assign(slow.projection, { leavesAlone: () => held.then(() => false) });
    await append(0);
    await until(() => slow.heard.length > 0);
    const fastRunner = await run(fast.projection);
    for (let n = 1; n < 6; n++) await append(n);
    const position = await append(6);
    expect(await fastRunner.reached(position, LONG)).toBe(true);
    expect(await slowRunner.sawWhatIsFolded(50)).toBe(false);
    letGo();
    expect(await slowRunner.sawWhatIsFolded(LONG)).toBe(true);
    expect(await slowRunner.reached(position, LONG)).toBe(true);
    await until(() => slow.applied.length === 7);
    expect([slow.heard, slow.applied]).toEqual([range(7), range(7)]);
    expect(await total()).toBe(21);
  });

  it('moves its checkpoint past events that are not its own, so that a start reads what is new', async () => {
    const runner = await run(projectionOf(), ['other-']);
    await runner.reached(await append(1), LONG);
    const many = Array.from({ length: 300 }, () => newEvent(1));
    const { position: followed } = await store.append('other-1', many, 'any');
    await until(() => storedPast(followed));
    await store.append('unasked-1', many, 'any');
    // The store tells how far it has looked every so many events.
    await until(async () => comparePositions((await storedPosition())!, followed) > 0);
    expect(await total()).toBe(1);
  });

  describe('when the event store was restored from an older backup', () => {
    /** As if it had folded two more events than there are. */
    const foldedMore = async (projection: Projection) => {
      const first = await run(projection);
      await first.reached(await append(1, 2), LONG);
      await first.stop();
      await database.db.updateTable('sums_v1').set({ total: 99 }).execute();
      const end = (await storedPosition())!;
      const beyond = positionToText({ commit: end.commit + 1_000n, prepare: end.prepare + 1_000n });
      await database.db
        .updateTable('checkpoints')
        .set({ position: beyond, event_position: beyond, event_id: 'gone' })
        .execute();
      return end;
    };

    it('is begun again, and says so', async () => {
      await foldedMore(projectionOf());
      const runner = await run(projectionOf());
      expect(runner.restored).toMatchObject({ end: { stream } });
      await runner.caughtUp;
      await runner.reached(await append(4), LONG);
      expect(await total()).toBe(7);
      await runner.stop();
      expect((await run(projectionOf())).restored).toBeUndefined();
    });

    it('goes on from the end of the store where its rows last', async () => {
      const lasting = () => Object.assign(projectionOf(), { lasting: true });
      await foldedMore(lasting());
      const runner = await run(lasting());
      expect(runner.restored).toBeDefined();
      await runner.reached(await append(4), LONG);
      expect(await total()).toBe(103);
    });

    it('also when the store has gone on since, by the event that stands in that place now', async () => {
      const first = await run(projectionOf());
      await first.reached(await append(1, 2), LONG);
      await first.stop();
      await database.db
        .updateTable('checkpoints')
        .set({ event_id: 'another history', updated_at: Date.parse('2027-01-01') })
        .execute();
      const second = await run(projectionOf());
      expect(second.restored).toMatchObject({ end: { stream } });
    });

    it('takes what an earlier version has folded for folded', async () => {
      const first = await run(projectionOf());
      await first.reached(await append(1, 2), LONG);
      await first.stop();
      await database.db.schema.alterTable('checkpoints').dropColumn('event_position').execute();
      await database.db.schema.alterTable('checkpoints').dropColumn('event_id').execute();
      const second = await run(projectionOf());
      await second.reached(await append(4), LONG);
      expect([second.restored, await total()]).toEqual([undefined, 7]);
    });
  });
});
