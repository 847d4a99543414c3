import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Database, openDatabase } from './database';
import { forUpdateSkipLocked, isTransient, isUniqueViolation } from './engines/portable';
import { testDatabase, testEngines, type TestDatabase } from './testing/test-databases';

interface Tables {
  things: { id: number; text: string | null; number: number | null; bytes: Buffer | null };
}

describe('what can be rebuilt, on SQLite', () => {
  it('is moved out of the log from time to time, however small what is written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'));
    const file = join(folder, 'views.db');
    const database = await openDatabase<{ things: { id: number; text: string } }>({
      file,
      durability: 'normal',
    });
    await database.db.schema
      .createTable('things')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('text', 'text')
      .execute();
    const add = (id: number) =>
      database.transaction((trx) =>
        trx
          .insertInto('things')
          .values({ id, text: 'x'.repeat(1000) })
          .execute(),
      );
    const empty = statSync(file).size;
    for (let id = 0; id < 450; id++) await add(id);
    const moved = statSync(file).size;
    await database.close();
    rmSync(folder, { recursive: true });
    expect(moved).toBeGreaterThan(empty + 300_000);
  });
});

describe.each(testEngines)('a database on %s', (engine) => {
  let test: TestDatabase;
  let database: Database<Tables>;

  beforeEach(async () => {
    test = testDatabase(engine);
    database = await test.open<Tables>();
    await database.db.schema
      .createTable('things')
      .addColumn('id', 'bigint', (column) => column.primaryKey())
      .addColumn('text', 'text')
      .addColumn('number', 'bigint')
      .addColumn('bytes', engine === 'postgres' ? 'bytea' : 'blob')
      .execute();
  });

  afterEach(() => test.drop());

  const ids = async () =>
    (await database.db.selectFrom('things').select('id').orderBy('id').execute()).map((row) => row.id);
  const add = (id: number) =>
    database.db.insertInto('things').values({ id, text: null, number: null, bytes: null }).execute();

  it('gives back instants as numbers, texts and bytes as they were', async () => {
    const row = {
      id: 1,
      text: 'Ünïcödé 🗝 "quoted"',
      number: 253402300799999,
      bytes: Buffer.from([0, 1, 255]),
    };
    await database.db.insertInto('things').values(row).execute();

    expect(await database.db.selectFrom('things').selectAll().execute()).toEqual([row]);
  });

  it('binds whole numbers as whole numbers, also where a text is wanted', async () => {
    const { rows } = await sql<{ text: string }>`select cast(${7} as text) as text`.execute(database.db);

    expect(rows).toEqual([{ text: '7' }]);
  });

  /** On SQLite so many values take the statement to another thread. */
  const MANY = 400;
  const row = (id: number) => ({ id, text: `${id}`, number: null, bytes: Buffer.from([id % 256]) });
  const rows = (from: number) => Array.from({ length: MANY }, (_, n) => row(from + n));

  it('writes many rows at once, tells how many, and returns what is asked for', async () => {
    await database.transaction(async (trx) => {
      const added = await trx.insertInto('things').values(rows(0)).executeTakeFirst();
      expect(added.numInsertedOrUpdatedRows).toBe(BigInt(MANY));
      const again = trx.insertInto('things').values([...rows(0), row(MANY)]);
      const returned = await again
        .onConflict((c) => c.doNothing())
        .returning(['id', 'bytes'])
        .execute();
      expect(returned).toEqual([{ id: MANY, bytes: Buffer.from([MANY % 256]) }]);
      const changed = await trx
        .updateTable('things')
        .set({ number: 7 })
        .where(
          'id',
          'in',
          rows(0).map(({ id }) => id),
        )
        .executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(BigInt(MANY));
    });
    expect((await ids()).length).toBe(MANY + 1);
  });

  it('undoes many rows that were written at once with everything else, and says what is wrong', async () => {
    await add(5);
    const refused = database.transaction(async (trx) => {
      await trx.insertInto('things').values(row(10_000)).execute();
      await trx.insertInto('things').values(rows(0)).execute();
    });
    expect(isUniqueViolation(await refused.catch((error: unknown) => error))).toBe(true);
    expect(await ids()).toEqual([5]);
    await database.transaction(
      async (trx) => void (await trx.insertInto('things').values(rows(6)).execute()),
    );
    expect((await ids()).length).toBe(MANY + 1);
  });

  it('refuses a text with U+0000 instead of cutting it off', async () => {
    const refused = database.db
      .insertInto('things')
      .values({ id: 1, text: 'a\0b', number: null, bytes: null })
      .execute();

    await expect(refused).rejects.toThrow();
    expect(await ids()).toEqual([]);
  });

  it('rolls a transaction back as a whole', async () => {
    const failing = database.transaction(async (trx) => {
      await trx.insertInto('things').values({ id: 1, text: null, number: null, bytes: null }).execute();
      throw new Error('changed my mind');
    });

    await expect(failing).rejects.toThrow('changed my mind');
    expect(await ids()).toEqual([]);
  });

  it("keeps other callers' statements out of a transaction that is rolled back", async () => {
    let others: Promise<unknown>[] = [];
    const failing = database.transaction(async (trx) => {
      await trx.insertInto('things').values({ id: 1, text: null, number: null, bytes: null }).execute();
      others = [add(2), add(3)];
      await new Promise((resolve) => setImmediate(resolve));
      await trx.insertInto('things').values({ id: 4, text: null, number: null, bytes: null }).execute();
      throw new Error('rolled back');
    });

    await expect(failing).rejects.toThrow('rolled back');
    await Promise.all(others);
    expect(await ids()).toEqual([2, 3]);
  });

  it('does not show a transaction to others before it is committed', async () => {
    let seen: Promise<number[]> = Promise.resolve([]);
    await database.transaction(async (trx) => {
      await trx.insertInto('things').values({ id: 1, text: null, number: null, bytes: null }).execute();
      seen = ids();
      // SQLite has the reader wait for the end of the transaction; PostgreSQL answers it now.
      if (engine === 'postgres') await seen;
    });

    expect(await seen).toEqual(engine === 'postgres' ? [] : [1]);
  });

  it('goes on after a statement that failed', async () => {
    await add(1);

    expect(isUniqueViolation(await add(1).catch((error: unknown) => error))).toBe(true);
    await expect(sql`selec nonsense`.execute(database.db)).rejects.toThrow();
    await add(2);
    expect(await ids()).toEqual([1, 2]);
  });

  it('sees what another connection has committed', async () => {
    const other = await test.open<Tables>();
    await other.transaction((trx) =>
      trx.insertInto('things').values({ id: 9, text: null, number: null, bytes: null }).execute(),
    );

    expect(await ids()).toEqual([9]);
  });

  it('returns how many rows a statement has changed', async () => {
    await add(1);
    await add(2);
    const updated = await database.db.updateTable('things').set({ number: 5 }).executeTakeFirst();
    const deleted = await database.db.deleteFrom('things').where('id', '=', 1).executeTakeFirst();

    expect([updated.numUpdatedRows, deleted.numDeletedRows]).toEqual([2n, 1n]);
  });

  it('claims rows that nobody else holds', async () => {
    for (const id of [1, 2, 3, 4]) await add(id);
    const other = await test.open<Tables>();
    const claim = (of: Database<Tables>, and: (ids: number[]) => Promise<void>) =>
      of.transaction(async (trx) => {
        const rows = await trx
          .selectFrom('things')
          .select('id')
          .where('number', 'is', null)
          .orderBy('id')
          .limit(2)
          .modifyEnd(forUpdateSkipLocked(engine))
          .execute();
        const claimed = rows.map((row) => row.id);
        await trx.updateTable('things').set({ number: 1 }).where('id', 'in', claimed).execute();
        await and(claimed);
      });
    const claims: number[][] = [];

    await claim(database, async (first) => {
      claims.push(first);
      if (engine === 'postgres') await claim(other, (second) => Promise.resolve(void claims.push(second)));
    });
    if (engine === 'sqlite') await claim(other, (second) => Promise.resolve(void claims.push(second)));

    expect(claims).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each([
    ['a truth value', true, engine === 'postgres' ? 'true' : '1'],
    ['nothing', null, null],
    ['a fraction', 1.5, '1.5'],
  ])('takes %s as a parameter', async (_what, value, expected) => {
    const text = sql<{ text: string }>`select cast(${value} as text) as text`;

    expect((await text.execute(database.db)).rows).toEqual([{ text: expected }]);
  });

  it('waits for another writer to end', async () => {
    const other = await test.open<Tables>();
    let second: Promise<unknown> = Promise.resolve();
    await database.transaction(async (trx) => {
      await trx.insertInto('things').values({ id: 1, text: null, number: null, bytes: null }).execute();
      second = other.transaction((also) =>
        also.insertInto('things').values({ id: 2, text: null, number: null, bytes: null }).execute(),
      );
      await new Promise((resolve) => setImmediate(resolve));
    });
    await second;

    expect(await ids()).toEqual([1, 2]);
  });

  it('can be closed while a transaction runs, which then ends as it would have', async () => {
    let closing: Promise<void> = Promise.resolve();
    await database.transaction(async (trx) => {
      closing = database.close();
      await trx.insertInto('things').values({ id: 1, text: null, number: null, bytes: null }).execute();
    });
    await closing;

    database = await test.open<Tables>();
    expect(await ids()).toEqual([1]);
  });
});

const onPostgres = process.env.DATABASE_TEST_URL ? describe : describe.skip; // needs a PostgreSQL server

onPostgres('a database on postgres alone', () => {
  let test: TestDatabase;
  beforeEach(() => {
    test = testDatabase('postgres');
  });
  afterEach(() => test.drop());

  it('goes on after the server has cut its connections', async () => {
    const database = await test.open();
    const other = await test.open();
    const own = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.db);
    await sql`select pg_terminate_backend(${own.rows[0]!.pid})`.execute(other.db);

    // What is sent down the cut connection fails; those failures are transient, and end.
    const failures: unknown[] = [];
    let rows: unknown[] = [];
    while (rows.length === 0) {
      try {
        rows = (await sql`select 1 as one`.execute(database.db)).rows;
      } catch (error) {
        failures.push(error);
      }
    }

    expect(rows).toEqual([{ one: 1 }]);
    expect(failures.filter((error) => !isTransient(error))).toEqual([]);
  });
});

describe('a SQLite database', () => {
  const MANY = Array.from({ length: 500 }, (_, n) => n);

  const opened = async (alone: boolean) => {
    const database = await openDatabase<{ numbers: { number: number } }>({
      ...{ file: ':memory:', durability: 'normal', alone },
    });
    await database.db.schema.createTable('numbers').addColumn('number', 'integer').execute();
    return database;
  };
  const addMany = (trx: Kysely<{ numbers: { number: number } }>) =>
    trx
      .insertInto('numbers')
      .values(MANY.map((number) => ({ number })))
      .execute();

  it('lets others have their turn while much is written', async () => {
    const database = await opened(false);
    let theirTurn = false;
    setImmediate(() => (theirTurn = true));
    // A thread may be done before this one has looked for others.
    for (let times = 0; times < 20; times++) await database.transaction(addMany);
    expect(theirTurn).toBe(true);
    const numbers = await database.db.selectFrom('numbers').select('number').orderBy('number').execute();
    expect(numbers.map(({ number }) => number)).toEqual(MANY.flatMap((n) => new Array<number>(20).fill(n)));
    await database.close();
  });

  it('does all of a statement at once where nobody else is served', async () => {
    const database = await opened(true);
    let theirTurn = false;
    const after = await database.transaction(async (trx) => {
      setImmediate(() => (theirTurn = true));
      await addMany(trx);
      return theirTurn;
    });
    expect(after).toBe(false);
    const numbers = await database.db.selectFrom('numbers').select('number').orderBy('number').execute();
    expect(numbers.map(({ number }) => number)).toEqual(MANY);
    await database.close();
  });
});

describe('opening a database', () => {
  it('says which file can not be opened', async () => {
    await expect(openDatabase({ file: '/dev/null/x.db', durability: 'full' })).rejects.toThrow(
      /^The database \/dev\/null\/x\.db can not be opened: /,
    );
  });

  it('says where no PostgreSQL answers, but not the password', async () => {
    const refused = openDatabase({ url: 'postgres://user:hunter2@127.0.0.1:1/latchkey' });

    await expect(refused).rejects.toThrow(
      /^The PostgreSQL database 127\.0\.0\.1:1\/latchkey can not be opened: /,
    );
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });
});
