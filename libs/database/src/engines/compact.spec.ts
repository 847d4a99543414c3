import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Database, openDatabase } from '../database';
import { testDatabase, testEngines } from '../testing/test-databases';

interface Tables {
  things: { id: number; text: string };
}

const makeTable = ({ db }: Database<Tables>) =>
  db.schema
    .createTable('things')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('text', 'text', (column) => column.notNull())
    .execute();

const add = ({ db }: Database<Tables>, id: number, text: string) =>
  db.insertInto('things').values({ id, text }).execute();

describe('a SQLite file that is written again', () => {
  let folder: string;
  let database: Database<Tables>;
  const onDisk = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  const open = () => openDatabase<Tables>({ file: join(folder, 'test.db'), durability: 'normal' });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-compact-'));
    database = await open();
    await makeTable(database);
  });
  afterEach(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no byte left of what was deleted or replaced in it, and all of the rest', async () => {
    // Of such sizes that rows are moved between pages, and some have pages of their own.
    const sizeOf = (id: number) => 40 + ((id * 997) % 6000);
    const textOf = (id: number) => `<${id}>`.repeat(Math.ceil(sizeOf(id) / `<${id}>`.length));
    await database.transaction(async (trx) => {
      for (let id = 0; id < 400; id++)
        await trx
          .insertInto('things')
          .values({ id, text: textOf(id) })
          .execute();
    });
    await database.db.deleteFrom('things').where('id', '<', 100).execute();
    for (let id = 100; id < 200; id++)
      await database.db.updateTable('things').set({ text: 'x' }).where('id', '=', id).execute();
    expect(onDisk().includes('<150>')).toBe(true);

    await database.compact();

    const left = onDisk();
    const marks = Array.from({ length: 400 }, (_, id) => `<${id}>`);
    expect(marks.filter((mark) => left.includes(mark))).toEqual(marks.slice(200));
    const rows = await database.db.selectFrom('things').selectAll().orderBy('id').execute();
    expect(rows).toEqual(
      Array.from({ length: 300 }, (_, n) => ({ id: n + 100, text: n < 100 ? 'x' : textOf(n + 100) })),
    );
  });

  it('takes what is written meanwhile', async () => {
    for (let id = 0; id < 100; id++) await add(database, id, 'x'.repeat(5000));
    const other = await open();
    let compacting = true;
    const compacted = database.compact().finally(() => (compacting = false));
    let written = 100;
    while (compacting) {
      await add(written % 2 ? other : database, written, 'later');
      written++;
      await nextTurn();
    }
    await compacted;
    const { count } = await database.db
      .selectFrom('things')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    expect(Number(count)).toBe(written);
    await other.close();
  });
});

it.each(testEngines)('a database on %s has its rows after it, and is used as before', async (engine) => {
  const test = testDatabase(engine);
  const database = await test.open<Tables>();
  await makeTable(database);
  await add(database, 1, 'first');
  await database.db.updateTable('things').set({ text: 'second' }).execute();
  await database.compact();
  await add(database, 2, 'third');
  const rows = await database.db.selectFrom('things').selectAll().orderBy('id').execute();
  expect(rows).toEqual([
    { id: 1, text: 'second' },
    { id: 2, text: 'third' },
  ]);
  await test.drop();
});
