import { sql, type Transaction } from 'kysely';
import { type Database } from '../database';
import { prepared, preparedRows } from '../prepared';
import { watchStatements } from '../testing/watched-statements';
import { testDatabase } from '../testing/test-databases';

interface Tables {
  things: { id: string; name: string };
}
type Thing = Tables['things'];

const count = prepared<Tables, object, { n: number }>((db) =>
  db.selectFrom('things').select((eb) => eb.fn.countAll<number>().as('n')),
);
const add = prepared<Tables, { id: string }, unknown>((db, p) =>
  db.insertInto('things').values({ id: p.id, name: 'one' }),
);
const addAll = preparedRows<Tables, Thing>(['id', 'name'], (db, rows) =>
  db.insertInto('things').values(rows),
);
const named = preparedRows<Tables, Thing, { id: string }>(['id', 'name'], (db, rows) =>
  db
    .insertInto('things')
    .values(rows)
    .onConflict((c) => c.column('id').doUpdateSet((eb) => ({ name: eb.ref('excluded.name') })))
    .returning('id'),
);
const things = (...ids: string[]): Thing[] => ids.map((id) => ({ id, name: 'one' }));
/** So many go to a thread. */
const many = Array.from({ length: 400 }, (_, n): Thing => ({ id: `many-${n}`, name: 'many' }));

describe('a statement that was built before, on SQLite', () => {
  const test = testDatabase('sqlite');
  let ours: Database<Tables>;
  const counted = async (db = ours.db) => (await count.rows(db, {}))[0]!.n;

  beforeAll(async () => {
    ours = await test.open<Tables>();
    await sql`create table things (id text primary key, name text)`.execute(ours.db);
  });
  afterAll(() => test.drop());
  beforeEach(() => ours.db.deleteFrom('things').execute());

  it('runs at once where nobody has the connection', async () => {
    const inserted = add.run(ours.db, { id: 'a' });
    const read = counted();
    expect([await read, await inserted]).toEqual([1, 1]);
  });

  it('waits for the end of a transaction of others, and sees what that left', async () => {
    let end = () => {};
    const transaction = ours.transaction(async (trx) => {
      await add.run(trx, { id: 'a' });
      await new Promise<void>((resolve) => (end = resolve));
      await add.run(trx, { id: 'b' });
      return counted(trx);
    });
    const late = counted();
    await new Promise(setImmediate);
    end();
    expect([await transaction, await late]).toEqual([2, 2]);
  });

  it('leaves nothing of a transaction that fails', async () => {
    const failing = ours.transaction(async (trx) => {
      await add.run(trx, { id: 'a' });
      await add.run(trx, { id: 'a' });
    });
    await expect(failing).rejects.toThrow(/unique/i);
    expect(await counted()).toBe(0);
    await add.run(ours.db, { id: 'a' });
  });

  it('comes after one that is on a thread meanwhile', async () => {
    const seen = await ours.transaction((trx) => Promise.all([addAll.rows(trx, many), counted(trx)]));
    expect(seen[1]).toBe(many.length);
  });

  it('writes rows of a transaction one by one, so that it is one statement whatever their number', async () => {
    const statements = watchStatements();
    try {
      await ours.transaction(async (trx) => {
        expect(await addAll.run(trx, things('a', 'b'))).toBe(2);
        expect(await addAll.run(trx, things('c', 'd', 'e'))).toBe(3);
        expect(await named.rows(trx, things('a', 'f'))).toEqual([{ id: 'a' }, { id: 'f' }]);
      });
    } finally {
      statements.stop();
    }
    const inserts = statements.seen.filter((text) => text.startsWith('insert'));
    expect(inserts).toHaveLength(3);
    expect(new Set(inserts).size).toBe(2);
    expect(await counted()).toBe(6);
  });

  it('writes all rows or none', async () => {
    await add.run(ours.db, { id: 'b' });
    await expect(ours.transaction((trx) => addAll.rows(trx, things('a', 'b')))).rejects.toThrow(/unique/i);
    await expect(addAll.rows(ours.db, things('a', 'b'))).rejects.toThrow(/unique/i);
    expect(await counted()).toBe(1);
    await ours.transaction((trx) => addAll.rows(trx, things('c', 'd')));
    expect(await counted()).toBe(3);
  });

  it('is refused in a transaction that has ended', async () => {
    let ended: Transaction<Tables> | undefined;
    await ours.transaction(async (trx) => {
      ended = trx;
      await add.run(trx, { id: 'a' });
    });
    await expect(add.run(ended!, { id: 'b' })).rejects.toThrow(/transaction/i);
    expect(await counted()).toBe(1);
  });

  it('waits for another process that has the file', async () => {
    const theirs = await test.open<Tables>();
    let end = () => {};
    const transaction = theirs.transaction(async (trx) => {
      await add.run(trx, { id: 'theirs' });
      await new Promise<void>((resolve) => (end = resolve));
    });
    await new Promise(setImmediate);
    const inserted = add.run(ours.db, { id: 'ours' });
    await new Promise(setImmediate);
    end();
    await Promise.all([transaction, inserted]);
    expect(await counted()).toBe(2);
  });
});
