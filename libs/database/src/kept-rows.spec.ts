import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Database } from './database';
import { KeptRows } from './kept-rows';
import { testDatabase, type TestDatabase } from './testing/test-databases';

interface Tables {
  things: { id: string; name: string };
}

describe('rows that are kept', () => {
  let test: TestDatabase;
  let ours: Database<Tables>;
  let theirs: Database<Tables>;
  let kept: KeptRows<{ name: string }>;
  let reads: number;

  beforeEach(async () => {
    test = testDatabase('sqlite');
    ours = await test.open<Tables>();
    theirs = await test.open<Tables>();
    await sql`create table things (id text primary key, name text)`.execute(ours.db);
    await insert(ours, 'a');
    kept = new KeptRows(ours, 10);
    reads = 0;
  });
  afterEach(() => test.drop());

  const insert = ({ db }: Database<Tables>, id: string) =>
    db.insertInto('things').values({ id, name: 'first' }).execute();
  const rename = ({ db }: Database<Tables>, name: string) => db.updateTable('things').set({ name }).execute();
  const load = async (id: string) => {
    reads++;
    const row = await ours.db.selectFrom('things').select('name').where('id', '=', id).executeTakeFirst();
    return row ?? null;
  };
  const nameOf = async (id: string) => (await kept.get(id, () => load(id)))?.name;

  it('are read once', async () => {
    expect(await nameOf('a')).toBe('first');
    expect(await nameOf('a')).toBe('first');
    expect(reads).toBe(1);
  });

  it('are read again after another connection has written, and after a write of our own', async () => {
    await nameOf('a');
    await rename(theirs, 'second');
    // Another process writes in no turn of ours.
    await nextTurn();
    expect(await nameOf('a')).toBe('second');
    await kept.written(() => rename(ours, 'third'));
    expect(await nameOf('a')).toBe('third');
    expect(reads).toBe(3);
  });

  it('are asked for together, and only those that are missing are read', async () => {
    await insert(ours, 'b');
    await insert(ours, 'c');
    await nameOf('a');
    const asked: string[][] = [];
    const loadAll = async (ids: readonly string[]) => {
      asked.push([...ids]);
      const rows = await ours.db.selectFrom('things').selectAll().where('id', 'in', ids).execute();
      return new Map(rows.map((row) => [row.id, row]));
    };
    const idsOf = async (ids: string[]) => [...(await kept.getAll(ids, loadAll)).keys()].sort();
    expect(await idsOf(['a', 'b'])).toEqual(['a', 'b']);
    expect(await idsOf(['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c']);
    kept.forget();
    expect(await idsOf(['a'])).toEqual(['a']);
    expect(asked).toEqual([['b'], ['c', 'd'], ['a']]);
  });

  it('may be changed with what they are of, which drops only what is read meanwhile', async () => {
    await nameOf('a');
    let readsOld: (row: { name: string }) => void = () => undefined;
    const read = kept.get('b', () => new Promise((resolve) => (readsOld = resolve)));
    await rename(ours, 'second');
    Object.assign(kept.peek('a')!, { name: 'second' });
    kept.wasChanged();
    readsOld({ name: 'first' });
    await read;
    expect([kept.peek('a'), kept.peek('b')]).toEqual([{ name: 'second' }, undefined]);
    await rename(theirs, 'third');
    await nextTurn();
    expect(kept.peek('a')).toBeUndefined();
  });

  it('are no more than there is room for, by their sizes', async () => {
    const sized = new KeptRows<{ size: number }>(ours, 10, ({ size }) => size);
    const sizes = { a: 6, b: 4, c: 5, d: 11 };
    for (const [id, size] of Object.entries(sizes)) {
      expect(await sized.get(id, () => Promise.resolve({ size }))).toEqual({ size });
    }
    expect(Object.keys(sizes).filter((id) => sized.peek(id))).toEqual(['b', 'c']);
  });

  it('are looked for each time while there is none', async () => {
    expect(await nameOf('b')).toBeUndefined();
    await insert(ours, 'b');
    expect(await nameOf('b')).toBe('first');
  });

  it('are not kept where they were read while something was written', async () => {
    let goOn = () => {};
    const paused = new Promise<void>((resolve) => (goOn = resolve));
    const reading = kept.get('a', async () => {
      const found = await load('a');
      await paused;
      return found;
    });
    while (reads === 0) await Promise.resolve();
    const written = kept.written(() => rename(ours, 'second'));
    await written;
    goOn();
    expect((await reading)?.name).toBe('first');
    expect(await nameOf('a')).toBe('second');
  });

  it('are not kept where writes of other processes can not be noticed', async () => {
    const careful = new KeptRows<{ name: string }>({}, 10);
    await careful.get('a', () => load('a'));
    await careful.get('a', () => load('a'));
    expect(reads).toBe(2);
  });
});
