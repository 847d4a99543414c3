import { type Database } from './database';
import { prepared, preparedIn, preparedRows } from './prepared';
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

const among = preparedIn<Tables, { least: number }, { id: string }>((db, p, ids) =>
  db.selectFrom('things').select('id').where('size', '>=', p.least).where('id', 'in', ids).orderBy('id'),
);
const put = preparedRows<Tables, Tables['things'], { id: string }>(['id', 'size'], (db, rows) =>
  db
    .insertInto('things')
    .values(rows)
    .onConflict((c) => c.column('id').doUpdateSet((eb) => ({ size: eb.ref('excluded.size') })))
    .returning('id'),
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

  it('take lists of any length, and do not run for an empty one', async () => {
    const all = Array.from({ length: 20 }, (_, n) => ({ id: `l${String(n).padStart(2, '0')}`, size: n }));
    for (const some of [all.slice(0, 1), all.slice(1, 4), all.slice(4)]) {
      expect(await put.rows(database.db, some)).toHaveLength(some.length);
    }
    for (let count = 0; count <= all.length; count++) {
      const ids = all.slice(0, count).map(({ id }) => id);
      const found = await among.rows(database.db, { least: 2 }, ids);
      expect(found.map(({ id }) => id)).toEqual(ids.slice(2));
    }
    expect(await put.rows(database.db, [])).toEqual([]);
    await put.rows(database.db, [{ id: 'l00', size: 7 }]);
    expect(await among.rows(database.db, { least: 7 }, ['l00', 'l01'])).toEqual([{ id: 'l00' }]);
  });
});
