import { until } from '@latchkey/platform';
import { type Kysely, sql } from 'kysely';
import { testDatabase, type TestDatabase } from '../testing/test-databases';
import { createIndexOnce } from './locks';

interface Tables {
  counted: { n: number };
}

/** Only there are two transactions under way at a time. */
const onPostgres = process.env.DATABASE_TEST_URL ? describe : describe.skip;

onPostgres('an index that two transactions create at the same moment', () => {
  let test: TestDatabase;
  beforeEach(() => {
    test = testDatabase('postgres');
  });
  afterEach(() => test.drop());

  it('is created by the first one, and found by the other', async () => {
    const database = await test.open<Tables>();
    await database.db.schema.createTable('counted').addColumn('n', 'integer').execute();
    const create = (trx: Kysely<Tables>) =>
      createIndexOnce(trx, 'by_n', () =>
        trx.schema.createIndex('by_n').ifNotExists().on('counted').column('n').execute(),
      );
    const pid = async (trx: Kysely<Tables>) =>
      (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)).rows[0]!.pid;
    let commit = () => {};
    const later = new Promise<void>((resolve) => (commit = resolve));
    let created = () => {};
    const isCreated = new Promise<void>((resolve) => (created = resolve));
    const first = database.transaction(async (trx) => {
      await create(trx);
      created();
      await later;
    });
    await isCreated;
    let waiting = 0;
    const second = database.transaction(async (trx) => {
      waiting = await pid(trx);
      await create(trx);
    });
    const isBlocked = async () => {
      const blocked = sql<{
        n: string;
      }>`select count(*) as n from pg_locks where pid = ${waiting} and not granted`;
      return Number((await blocked.execute(database.db)).rows[0]!.n) > 0;
    };
    await until(isBlocked, { what: 'the second one waits', within: 10_000, every: 10 });
    commit();
    await expect(Promise.all([first, second])).resolves.toHaveLength(2);
  });
});
