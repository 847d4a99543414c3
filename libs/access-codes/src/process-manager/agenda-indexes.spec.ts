import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { InMemoryEventStore, projected } from '@latchkey/event-sourcing';
import { SandboxClock } from '@latchkey/platform';
import { sql } from 'kysely';
import { AgendaProjection } from './agenda';
import { AGENDA, type AgendaTables } from './agenda-tables';

const clock = new SandboxClock({ now: Date.UTC(2026, 5, 1, 12), running: false });

async function indexesOf({ db, engine }: Database<AgendaTables>): Promise<string[]> {
  const { rows } = await (
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from sqlite_master where type = 'index' and tbl_name = ${AGENDA}`
      : sql<{ name: string }>`select indexname as name from pg_indexes
          where schemaname = current_schema() and tablename = ${AGENDA}`
  ).execute(db);
  return rows
    .map(({ name }) => name)
    .filter((name) => name.startsWith(`${AGENDA}_`) && name !== `${AGENDA}_pkey`)
    .sort();
}

describe.each(testEngines)('an agenda that an earlier version has built (%s)', (engine) => {
  const test = testDatabase(engine);
  afterAll(() => test.drop());

  it('gets the indexes that have come since when it is taken up again', async () => {
    const database = await test.open<AgendaTables>();
    const store = new InMemoryEventStore(() => clock.now());
    const takenUp = async () => {
      const agenda = new AgendaProjection(clock, () => undefined);
      await (await projected({ on: database, store, clock, projections: [agenda] })).close();
      return indexesOf(database);
    };
    const built = await takenUp();
    expect(built).toEqual(
      ['by_due', 'by_workspace', 'for_keypad', 'for_lock', 'of_account', 'of_device'].map(
        (name) => `${AGENDA}_${name}`,
      ),
    );
    for (const name of built) await database.db.schema.dropIndex(name).execute();
    expect(await takenUp()).toEqual(built);
  });
});
