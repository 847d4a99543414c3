import type { Database } from './database';
import { SharedCommits } from './shared-commits';
import { testDatabase, testEngines } from './testing/test-databases';

interface Tables {
  notes: { id: number; text: string };
}

describe.each(testEngines)('writes that come at the same time, on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<Tables>;
  let transactions: number;
  let commits: SharedCommits<Tables>;

  beforeAll(async () => {
    database = await test.open<Tables>();
    await database.db.schema
      .createTable('notes')
      .addColumn('id', 'integer', (c) => c.primaryKey())
      .addColumn('text', 'text', (c) => c.notNull())
      .execute();
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await database.db.deleteFrom('notes').execute();
    transactions = 0;
    const counted: Database<Tables> = {
      ...database,
      transaction: (work) => {
        transactions++;
        return database.transaction(work);
      },
    };
    commits = new SharedCommits(counted);
  });

  const add = (id: number) =>
    commits.transaction(async (trx) => {
      await trx
        .insertInto('notes')
        .values({ id, text: `note ${id}` })
        .execute();
      return id;
    });
  const kept = async () =>
    (await database.db.selectFrom('notes').select('id').orderBy('id').execute()).map(({ id }) => id);

  it('share a commit where each would wait for the disk, and each has its own result', async () => {
    const ids = Array.from({ length: 30 }, (_, n) => n);
    expect(await Promise.all(ids.map(add))).toEqual(ids);
    expect(await kept()).toEqual(ids);
    expect(transactions).toBe(engine === 'sqlite' ? 1 : 30);
  });

  it('fail each for itself', async () => {
    await add(2);
    const ended = await Promise.allSettled([add(1), add(2), add(3)]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await kept()).toEqual([1, 2, 3]);
  });

  it('go on after a failure, one statement as well as several', async () => {
    await add(1);
    await expect(add(1)).rejects.toThrow();
    await commits.write((db) => db.updateTable('notes').set({ text: 'other' }).where('id', '=', 1).execute());
    const rows = await database.db.selectFrom('notes').selectAll().execute();
    expect(rows).toEqual([{ id: 1, text: 'other' }]);
  });
});
