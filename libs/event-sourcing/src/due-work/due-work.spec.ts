import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { createLogger, HOUR, type Logger, SandboxClock, SeededRandom, until } from '@latchkey/platform';
import type { DueClaim, DueSource } from './due-source';
import { claimOf, createDueIndexes, type DueColumns, DueRows } from './due-rows';
import { DueWork } from './due-work';

interface ThingTables {
  things: DueColumns;
}

const NOW = Date.UTC(2026, 5, 1, 12);
const row = (subject: string, dueAt: number | null, workspaceId = 'a'): DueColumns => ({
  ...{ subject, workspace_id: workspaceId, due_at: dueAt, version: 0, attempts: 0 },
  ...{ lease_owner: null, lease_until: 0 },
});

describe.each(testEngines)('due work on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<ThingTables>;
  let clock: SandboxClock;
  let wall: number;
  let works: DueWork<DueClaim>[];

  beforeAll(async () => {
    database = await test.open<ThingTables>();
    await database.db.schema
      .createTable('things')
      .addColumn('subject', 'text', (c) => c.primaryKey())
      .addColumn('workspace_id', 'text', (c) => c.notNull())
      .addColumn('due_at', 'bigint')
      .addColumn('version', 'integer', (c) => c.notNull())
      .addColumn('attempts', 'integer', (c) => c.notNull())
      .addColumn('lease_owner', 'text')
      .addColumn('lease_until', 'bigint', (c) => c.notNull())
      .execute();
    await createDueIndexes(database.db, 'things');
  });
  afterAll(() => test.drop());

  beforeEach(async () => {
    await database.db.deleteFrom('things').execute();
    clock = new SandboxClock({ now: NOW, running: false });
    wall = 0;
    works = [];
  });
  afterEach(async () => {
    for (const work of works) await work.stop();
  });

  const rowsOf = (owner: string) => new DueRows(database, { table: 'things', owner, wall: () => wall });
  const add = (...rows: DueColumns[]) => database.db.insertInto('things').values(rows).execute();
  const thing = (subject: string) =>
    database.db.selectFrom('things').selectAll().where('subject', '=', subject).executeTakeFirst();
  const finish = ({ subject }: DueClaim) =>
    database.db
      .updateTable('things')
      .set({ due_at: null, attempts: 0, lease_owner: null, lease_until: 0 })
      .where('subject', '=', subject)
      .execute();

  function working(
    work: (claim: DueClaim) => Promise<unknown>,
    { places = 96, logger = createLogger('silent'), source: given = {} }: Partial<Given> = {},
  ): DueWork<DueClaim> {
    const rows = rowsOf('worker');
    const source: DueSource<DueClaim> = {
      claim: async (now, limit, of) => (await rows.claim(now, limit, of)).map(claimOf),
      dueWorkspaces: (now) => rows.dueWorkspaces(now),
      nextDue: () => rows.nextDue(),
      putOff: async ({ subject, attempts }, until) => {
        const values = { due_at: until, attempts: attempts + 1, lease_owner: null, lease_until: 0 };
        await database.db.updateTable('things').set(values).where('subject', '=', subject).execute();
      },
      ...given,
    };
    const due = new DueWork({
      ...{ name: 'the list of things', source, places, clock, random: new SeededRandom(1), logger },
      work: async (claim) => void (await work(claim)),
    });
    works.push(due);
    return due;
  }
  interface Given {
    places: number;
    logger: Logger;
    source: Partial<DueSource<DueClaim>>;
  }

  it('is done at its time, the longest due first', async () => {
    await add(row('late', NOW - 1), row('now', NOW), row('early', NOW - 2), row('later', NOW + 1000));
    const done: string[] = [];
    const work = working((claim) => {
      done.push(claim.subject);
      return finish(claim);
    });
    work.start();
    await work.whenIdle();
    expect(done).toEqual(['early', 'late', 'now']);
    expect(work.nextDue).toBe(NOW + 1000);

    clock.set(NOW + 1000);
    await work.whenIdle();
    expect(done).toEqual(['early', 'late', 'now', 'later']);
    expect(work.nextDue).toBeNull();
  });

  it('is claimed by one statement again once a crowd is over', async () => {
    const rows = rowsOf('worker');
    const asked: string[] = [];
    const work = working(finish, {
      source: {
        claim: async (now, limit, of) => {
          asked.push(of ? 'claim of one' : 'claim');
          return (await rows.claim(now, limit, of)).map(claimOf);
        },
        dueWorkspaces: (now) => {
          asked.push('workspaces');
          return rows.dueWorkspaces(now);
        },
      },
    });
    await add(...Array.from({ length: 100 }, (_, n) => row(`of-the-crowd-${n}`, NOW)));
    work.start();
    await work.whenIdle();
    expect(asked).toContain('workspaces');

    asked.length = 0;
    await add(row('alone', NOW));
    work.wake();
    await work.whenIdle();
    expect(asked).toEqual(['claim']);
  });

  it('that has fallen due is claimed without asking, and what is due next is asked for once it is done', async () => {
    const rows = rowsOf('worker');
    const asked: string[] = [];
    const work = working(finish, {
      source: {
        claim: async (now, limit, of) => {
          asked.push('claim');
          return (await rows.claim(now, limit, of)).map(claimOf);
        },
        nextDue: () => {
          asked.push('next');
          return rows.nextDue();
        },
      },
    });
    await add(row('soon', NOW + 1000), row('later', NOW + 2000));
    work.start();
    await work.whenIdle();
    asked.length = 0;
    clock.set(NOW + 1000);
    await work.whenIdle();
    expect(asked).toEqual(['claim', 'next']);
    expect(work.nextDue).toBe(NOW + 2000);
  });

  it('is asked for again where what had fallen due is gone when it is claimed', async () => {
    const done: string[] = [];
    const work = working((claim) => {
      done.push(claim.subject);
      return finish(claim);
    });
    await add(row('gone', NOW + 1000), row('later', NOW + 2000));
    work.start();
    await work.whenIdle();
    await database.db.deleteFrom('things').where('subject', '=', 'gone').execute();
    clock.set(NOW + 1000);
    await work.whenIdle();
    expect([done, work.nextDue]).toEqual([[], NOW + 2000]);
    clock.set(NOW + 2000);
    await work.whenIdle();
    expect([done, work.nextDue]).toEqual([['later'], null]);
  });

  it.each([true, false])(
    'that was made due (for now: %s) is begun though what is under way hangs',
    async (now) => {
      await add(row('hangs', NOW));
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      const done: string[] = [];
      const work = working(async (claim) => {
        if (claim.subject === 'hangs') await released;
        done.push(claim.subject);
        return finish(claim);
      });
      work.start();
      await until(() => Promise.resolve(work.state.underWay === 1), { what: 'it hangs' });
      const at = now ? NOW : NOW + 1000;
      await add(row('made due', at));
      work.wakeFor(now);
      if (!now) await until(() => Promise.resolve(work.nextDue === at), { what: 'it is known' });
      clock.set(at);
      await until(() => Promise.resolve(done.length === 1), { what: 'it is done' });
      expect(done).toEqual(['made due']);
      release();
      await work.whenIdle();
    },
  );

  it('that was claimed is done though the claim after it fails, and its places are given back', async () => {
    const rows = rowsOf('worker');
    const placesOfAll = 8;
    const claimed = new Set<string>();
    let failures = 0;
    const work = working(finish, {
      places: placesOfAll,
      source: {
        claim: async (now, limit, of) => {
          // Of a crowd one workspace is claimed for, and then the rows can't be read.
          if (of?.workspaceId === 'b' && failures++ === 0) throw new Error('away');
          const some = (await rows.claim(now, limit, of)).map(claimOf);
          for (const { subject } of some) claimed.add(subject);
          return some;
        },
      },
    });
    const many = (workspaceId: string) =>
      Array.from({ length: 30 }, (_, n) => row(`${workspaceId}${n}`, NOW, workspaceId));
    await add(...many('a'), ...many('b'));
    work.start();
    await until(
      async () =>
        (await database.db.selectFrom('things').select('subject').where('due_at', 'is not', null).execute())
          .length === 0,
      { what: 'all is done' },
    );
    await work.whenIdle();
    expect(failures).toBeGreaterThan(1);
    expect(claimed.size).toBe(60);
    expect(work.shares.free).toBe(placesOfAll);
  });

  it.each([3 * HOUR, -3 * HOUR])(
    'is known to be looked for though the wall clock was put by %i ms',
    async (by) => {
      const work = working(finish);
      work.start();
      await work.whenIdle();
      const wallClock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + by);
      const { lookedAgoMs } = work.state;
      wallClock.mockRestore();
      expect(lookedAgoMs).toBeGreaterThanOrEqual(0);
      expect(lookedAgoMs).toBeLessThan(HOUR);
    },
  );

  it('is not begun while it is held', async () => {
    const done: string[] = [];
    const work = working((claim) => {
      done.push(claim.subject);
      return finish(claim);
    });
    work.start();
    await work.whenIdle();
    work.hold();
    await add(row('one', NOW));
    work.wake();
    await work.whenIdle();
    expect(done).toEqual([]);
    work.release();
    await work.whenIdle();
    expect(done).toEqual(['one']);
  });

  it('that fails is put off longer each time, counts its attempts, and does not hold up the rest', async () => {
    await add(row('broken', NOW), row('sound', NOW));
    let broken = true;
    const at: number[] = [];
    const work = working((claim) => {
      if (claim.subject === 'sound') return finish(claim);
      at.push(clock.now());
      if (broken) throw new Error('broken');
      return finish(claim);
    });
    work.start();
    await work.whenIdle();
    expect(await thing('sound')).toMatchObject({ due_at: null });
    for (let attempt = 1; attempt <= 12; attempt++) {
      expect(await thing('broken')).toMatchObject({ attempts: attempt, lease_owner: null });
      clock.set(work.nextDue!);
      await work.whenIdle();
    }
    const pauses = at.slice(1).map((instant, n) => instant - at[n]!);
    for (const [n, pause] of pauses.entries()) {
      const most = Math.min(HOUR, 5_000 * 2 ** n);
      expect(pause).toBeGreaterThanOrEqual(most / 2);
      expect(pause).toBeLessThanOrEqual(most);
    }
    broken = false;
    clock.set(work.nextDue!);
    await work.whenIdle();
    expect(await thing('broken')).toMatchObject({ attempts: 0, due_at: null });
  });

  it('that fails because a store is unavailable is tried again soon, however often it failed', async () => {
    await add({ ...row('one', NOW), attempts: 9 });
    const work = working(() => Promise.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })));
    work.start();
    await work.whenIdle();
    expect(work.nextDue).toBe(NOW + 5_000);
  });

  it('is asked for again by itself when it could not be read, and the log says so once', async () => {
    await add(row('one', NOW));
    const rows = rowsOf('worker');
    let away = 3;
    const said: string[] = [];
    const logger = createLogger('silent');
    jest.spyOn(logger, 'error').mockImplementation((...args: unknown[]) => void said.push(String(args[1])));
    jest.spyOn(logger, 'info').mockImplementation((...args: unknown[]) => void said.push(String(args[0])));
    const done = new Promise<string>((resolve) => {
      const nextDue = () => (away-- > 0 ? Promise.reject(new Error('away')) : rows.nextDue());
      const work = working(
        (claim) => {
          resolve(claim.subject);
          return finish(claim);
        },
        { logger, source: { nextDue } },
      );
      work.start();
    });
    expect(await done).toBe('one');
    await works[0]!.whenIdle();
    expect(said).toEqual([
      'the list of things can not be read; tried again until it can',
      'the list of things can be read again',
    ]);
  });

  it('that can not be put off leaks no listeners, and stops at once', async () => {
    const warnings: string[] = [];
    const warned = ({ name }: Error) => void warnings.push(name);
    process.on('warning', warned);
    const many = Array.from({ length: 30 }, (_, n) => row(`thing ${n}`, NOW));
    await add(...many);
    const asked = new Set<string>();
    let all = () => {};
    const everyOneAsked = new Promise<void>((resolve) => (all = resolve));
    const putOff = ({ subject }: DueClaim) => {
      if (asked.add(subject).size === many.length) all();
      return Promise.reject(new Error('away'));
    };
    const work = working(() => Promise.reject(new Error('no')), { source: { putOff } });
    work.start();
    await everyOneAsked;
    // What was refused is taken in, and waits to be put off again.
    await new Promise(setImmediate);
    const from = performance.now();
    await work.stop();
    expect(performance.now() - from).toBeLessThan(2_000);
    process.off('warning', warned);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });

  it('of one workspace, endless and hanging, does not keep another one waiting', async () => {
    const many = Array.from({ length: 300 }, (_, n) => row(`a${String(n).padStart(3, '0')}`, NOW - 1000));
    await add(...many, row('b', NOW, 'b'), row('c', NOW, 'c'));
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const done: string[] = [];
    const work = working(
      async (claim) => {
        if (claim.workspaceId === 'a') await released;
        done.push(claim.subject);
        return finish(claim);
      },
      { places: 16 },
    );
    work.start();
    await work.whenIdle(200);
    expect(done.sort()).toEqual(['b', 'c']);
    expect(work.state.underWay).toBe(8);

    // One that comes while all this hangs is begun at once too.
    await add(row('d', NOW, 'd'));
    work.wake();
    await work.whenIdle(200);
    expect(done).toContain('d');
    release();
    await work.whenIdle();
    expect(done).toHaveLength(303);
  });

  it('comes in turns from workspaces that all have much of it', async () => {
    const of = (workspaceId: string) =>
      Array.from({ length: 200 }, (_, n) => row(`${workspaceId}${n}`, NOW, workspaceId));
    await add(...of('a'), ...of('b'), ...of('c'));
    const done: string[] = [];
    const work = working(
      (claim) => {
        done.push(claim.workspaceId);
        return finish(claim);
      },
      { places: 24 },
    );
    work.start();
    await work.whenIdle();
    expect(done).toHaveLength(600);
    for (const workspaceId of ['a', 'b', 'c']) {
      const early = done.slice(0, 150).filter((each) => each === workspaceId);
      expect(early.length).toBeGreaterThanOrEqual(30);
    }
  });

  it('that falls due while much else is waiting does not wait for all of it', async () => {
    await add(...Array.from({ length: 400 }, (_, n) => row(`a${n}`, NOW - 1000)));
    const done: string[] = [];
    const work = working(
      async (claim) => {
        if (done.push(claim.subject) === 100) await add(row('late', NOW));
        await finish(claim);
      },
      { places: 32 },
    );
    work.start();
    await work.whenIdle();
    expect(done).toHaveLength(401);
    expect(done.indexOf('late')).toBeLessThan(200);
  });

  it('is claimed by one process only, and by another when that one has died', async () => {
    await add(row('one', NOW));
    const [first, second] = [rowsOf('first'), rowsOf('second')];
    expect(await first.claim(NOW, 10)).toMatchObject([{ subject: 'one' }]);
    expect(await second.claim(NOW, 10)).toEqual([]);
    expect([await second.nextDue(), await second.dueWorkspaces(NOW)]).toEqual([null, []]);
    wall = 60_001;
    expect(await second.nextDue()).toBe(NOW);
    expect(await second.claim(NOW, 10)).toMatchObject([{ subject: 'one', lease_owner: 'second' }]);
  });

  it('is not waited for when it takes longer than the given patience', async () => {
    await add(row('slow', NOW));
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const work = working(async (claim) => {
      await released;
      return finish(claim);
    });
    work.start();
    await work.whenIdle(50);
    expect(work.state).toMatchObject({ running: true, underWay: 1, overdueMs: 0 });
    release();
    await work.whenIdle();
    expect(work.state.underWay).toBe(0);
  });
});
