import { Outage, TcpProxy, until } from '@latchkey/platform';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../database';
import { testDatabase, type TestDatabase } from '../testing/test-databases';

const { DATABASE_TEST_URL } = process.env;
const onPostgres = DATABASE_TEST_URL ? describe : describe.skip; // needs a PostgreSQL server

/** What an answer may take while the database is silent, ms: one deadline, and room for a slow machine. */
const ANSWERED_WITHIN = 7_000;
const WELL_WITHIN = 15_000;

interface Tables {
  counted: { id: number; n: number };
}

onPostgres('a PostgreSQL database behind a network that breaks', () => {
  let proxy: TcpProxy;
  let test: TestDatabase;
  let direct: Database<Tables>;
  let database: Database<Tables>;

  beforeEach(async () => {
    const url = new URL(DATABASE_TEST_URL!);
    proxy = await TcpProxy.to(Number(url.port || 5432), url.hostname);
    test = testDatabase('postgres');
    direct = await test.open<Tables>();
    await direct.db.schema
      .createTable('counted')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('n', 'integer', (column) => column.notNull())
      .execute();
    await direct.db.insertInto('counted').values({ id: 1, n: 0 }).execute();
    const found = await sql<{ schema: string }>`select current_schema() as schema`.execute(direct.db);
    url.port = String(proxy.port);
    url.hostname = '127.0.0.1';
    database = await openDatabase<Tables>({ url: url.href, schema: found.rows[0]!.schema, poolSize: 4 });
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
    await test.drop();
  });

  const count = () =>
    database.db
      .updateTable('counted')
      .set((row) => ({ n: row('n', '+', 1) }))
      .execute();
  const counted = async () => (await direct.db.selectFrom('counted').select('n').executeTakeFirstOrThrow()).n;
  const took = async (work: Promise<unknown>) => {
    const from = performance.now();
    const outcome: unknown = await work.catch((error: unknown) => error);
    return { ms: performance.now() - from, outcome };
  };

  it('answers every statement in time while it is silent, and at once when it is back', async () => {
    await Promise.all([count(), count(), count()]);
    proxy.freeze();
    for (const { ms, outcome } of await Promise.all(Array.from({ length: 6 }, () => took(count())))) {
      expect(outcome).toBeInstanceOf(Outage);
      expect((outcome as Error).message).toMatch(/^the database can not be used: .{1,160}$/);
      // Those without a connection wait for one in turn, and then for its answer.
      expect(ms).toBeLessThan(ANSWERED_WITHIN * 1.5);
    }
    proxy.heal();
    const { ms, outcome } = await took(count());
    expect(outcome).not.toBeInstanceOf(Error);
    expect(ms).toBeLessThan(1_000);
  }, 60_000);

  it('reports what broke a transaction, and leaves no locks behind for long', async () => {
    const broken = await took(
      database.transaction(async (trx) => {
        await trx.updateTable('counted').set({ n: 100 }).execute();
        proxy.freeze();
        await trx.updateTable('counted').set({ n: 200 }).execute();
      }),
    );
    expect(broken.outcome).toBeInstanceOf(Outage);
    expect(broken.ms).toBeLessThan(ANSWERED_WITHIN);
    const from = performance.now();
    for (;;) {
      const { outcome } = await took(direct.db.updateTable('counted').set({ n: 1 }).execute());
      if (!(outcome instanceof Error)) break;
      expect(performance.now() - from).toBeLessThan(2 * WELL_WITHIN);
    }
    expect(await counted()).toBe(1);
  }, 60_000);

  it.each(['cut', 'halfOpen'] as const)(
    'is well again after connections break by %s',
    async (how) => {
      await Promise.all([count(), count(), count()]);
      proxy[how]();
      const from = performance.now();
      for (;;) {
        const { outcome } = await took(count());
        if (!(outcome instanceof Error)) break;
        expect(outcome).toBeInstanceOf(Outage);
        expect(performance.now() - from).toBeLessThan(WELL_WITHIN);
      }
      expect(await counted()).toBe(4);
    },
    60_000,
  );

  it('is reported as silent where it accepts connections and does not answer', async () => {
    proxy.cut();
    proxy.freeze();
    const { ms, outcome } = await took(count());
    expect(outcome).toBeInstanceOf(Outage);
    expect(ms).toBeLessThan(2 * ANSWERED_WITHIN);
  }, 60_000);

  it('closes in time while it is silent', async () => {
    await count();
    proxy.freeze();
    expect((await took(database.close())).ms).toBeLessThan(4_000);
  }, 60_000);

  it('gives up a statement that takes too long, and so does the server', async () => {
    const { ms, outcome } = await took(sql`select pg_sleep(60)`.execute(database.db));
    expect(outcome).toBeInstanceOf(Outage);
    expect(ms).toBeLessThan(ANSWERED_WITHIN);
    // It says so a moment after it has told us.
    const running = sql`select 1 from pg_stat_activity
      where query like '%pg_sleep(60)%' and pid <> pg_backend_pid() and state = 'active'`;
    await until(async () => (await running.execute(direct.db)).rows.length === 0, { within: WELL_WITHIN });
  }, 60_000);
});
