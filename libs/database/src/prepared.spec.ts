import { type Database } from './database';
import { prepared } from './prepared';
import { testDatabase, testEngines, type TestDatabase } from './testing/test-databases';

interface Tables {
  things: { id: string; size: number | null };
}

const add = prepared<Tables, { id: string; size: number | null }, unknown>((db, p) =>
  db.insertInto('things').values({ id: p.id, size: p.size }),
);
const larger = prepared<Tables, { than: number; most: number }, { id: string }>((db, p) =>
  db.selectFrom('things').select('id').where('size', '>', p.than).orderBy('id').limit(p.most),
);
const cap = prepared<Tables, { at: number }, unknown>((db, p) =>
  db
    .updateTable('things')
    .set((eb) => ({ size: eb.case().when('size', '>', p.at).then(p.at).else(eb.ref('size')).end() }))
    .where('size', '>', p.at),
);

describe.each(testEngines)('prepared statements on %s', (engine) => {
  let test: TestDatabase;
  let database: Database<Tables>;
  beforeAll(async () => {
    test = testDatabase(engine);
    database = await test.open<Tables>();
    await database.db.schema
      .createTable('things')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('size', 'integer')
      .execute();
  });
  afterAll(() => test.drop());

  it('bind each time what they are given, in a transaction too', async () => {
    await database.transaction(async (trx) => {
      expect(await add.run(trx, { id: 'a', size: 1 })).toBe(1);
      expect(await add.run(trx, { id: 'b', size: 5 })).toBe(1);
    });
    await add.run(database.db, { id: 'c', size: 9 });
    await add.run(database.db, { id: 'd', size: null });
    expect(await larger.rows(database.db, { than: 1, most: 9 })).toEqual([{ id: 'b' }, { id: 'c' }]);
    expect(await larger.rows(database.db, { than: 0, most: 1 })).toEqual([{ id: 'a' }]);
    expect(await cap.run(database.db, { at: 4 })).toBe(2);
    expect(await larger.rows(database.db, { than: 3, most: 9 })).toEqual([{ id: 'b' }, { id: 'c' }]);
    expect(await larger.rows(database.db, { than: 4, most: 9 })).toEqual([]);
  });
});
