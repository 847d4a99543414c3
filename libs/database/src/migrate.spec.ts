import { sql } from 'kysely';
import { StartupError } from '@latchkey/platform';
import { type Database } from './database';
import { migrate, type Migration } from './migrate';
import { testDatabase, testEngines, type TestDatabase } from './testing/test-databases';

interface Tables {
  first: { id: number };
  second: { id: number };
}

const table = (name: string): Migration => ({
  name,
  up: async (db) => {
    await db.schema
      .createTable(name)
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .execute();
  },
});

const filling = (name: string): Migration => ({
  name: `fill_${name}`,
  up: async (db) => {
    await sql`insert into first (id) values (1)`.execute(db);
  },
});

const failing: Migration = { name: 'failing', up: () => Promise.reject(new Error('no space')) };

describe.each(testEngines)('migrations on %s', (engine) => {
  let test: TestDatabase;
  let database: Database<Tables>;

  beforeEach(async () => {
    test = testDatabase(engine);
    database = await test.open<Tables>();
  });
  afterEach(() => test.drop());

  const firsts = async () =>
    (await database.db.selectFrom('first').select('id').execute()).map((row) => row.id);

  it('run once, in order', async () => {
    await migrate(database, 'things', [table('first'), filling('first')]);
    await migrate(database, 'things', [table('first'), filling('first')]);

    expect(await firsts()).toEqual([1]);
  });

  it('run what is new only', async () => {
    await migrate(database, 'things', [table('first'), filling('first')]);
    await migrate(database, 'things', [table('first'), filling('first'), table('second')]);

    expect(await firsts()).toEqual([1]);
    expect(await database.db.selectFrom('second').selectAll().execute()).toEqual([]);
  });

  it('of different names do not disturb each other', async () => {
    await migrate(database, 'things', [table('first')]);
    await migrate(database, 'others', [filling('first')]);

    expect(await firsts()).toEqual([1]);
  });

  it('run once when many instances start at the same time', async () => {
    const instances = await Promise.all(Array.from({ length: 5 }, () => test.open<Tables>()));
    const all = [table('first'), filling('first'), table('second')];
    await Promise.all(instances.map((instance) => migrate(instance, 'things', all)));

    expect(await firsts()).toEqual([1]);
  });

  it('leave nothing behind when one fails', async () => {
    await expect(migrate(database, 'things', [table('first'), failing])).rejects.toThrow(
      new StartupError('The database of things could not be migrated ("failing"): no space').message,
    );

    await migrate(database, 'things', [table('first')]);
    expect(await firsts()).toEqual([]);
  });

  it('are refused in a database that a newer version has made', async () => {
    await migrate(database, 'things', [table('first'), table('second')]);

    await expect(migrate(database, 'things', [table('first')])).rejects.toThrow(
      /made by a newer version of Latchkey \("second"/,
    );
    await expect(migrate(database, 'things', [table('first')])).rejects.toBeInstanceOf(StartupError);
  });

  it('are refused in another order', async () => {
    await migrate(database, 'things', [table('first')]);

    await expect(migrate(database, 'things', [table('second'), table('first')])).rejects.toThrow(
      /another order/,
    );
  });
});
