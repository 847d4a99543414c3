import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { createLogger, SandboxClock } from '@latchkey/platform';
import { AgendaRows } from './agenda-rows';
import { AGENDA, type AgendaRow, type AgendaTables, createAgendaTables, indexAgenda } from './agenda-tables';
import { NextLooks } from './next-looks';

const NOW = Date.UTC(2026, 5, 1, 12);

const device = (n: number): AgendaRow => ({
  ...{ subject: `device:${n}`, kind: 'device', id: `${n}`, workspace_id: 'workspace-1', device_id: `${n}` },
  ...{ account_id: 'account-1', maker: null, due_at: NOW - 1, revision: 0, planned_revision: -1, version: 0 },
  ...{ attempts: 0, for_keypad: 0, waiting_for_lock: 0, waiting_since: 0, lease_owner: null, lease_until: 0 },
});

describe.each(testEngines)('after the agenda was rebuilt, on %s', (engine) => {
  const test = testDatabase(engine);
  const clock = new SandboxClock({ now: NOW, running: false });
  let database: Database<AgendaTables>;
  let rows: AgendaRows;
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
    await indexAgenda(database.db);
    rows = new AgendaRows(database, { owner: 'worker', clock, wall: () => NOW });
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());
  const dueAt = async () => {
    const found = await database.db.selectFrom(AGENDA).select(['due_at', 'lease_owner']).execute();
    const counts: Record<number, number> = {};
    for (const { due_at, lease_owner } of found) {
      expect(lease_owner).toBeNull();
      counts[(due_at ?? 0) - NOW] = (counts[(due_at ?? 0) - NOW] ?? 0) + 1;
    }
    return counts;
  };
  const arrange = () =>
    new NextLooks({
      ...{ rows, clock, logger: createLogger('silent') },
      ...({
        states: { upToDate: () => Promise.resolve(true), load: () => Promise.resolve(new Map()) },
      } as object),
    } as never).arrange();

  it('locks are read back fifty at a time, the others a quarter of a minute later each', async () => {
    await database.db
      .insertInto(AGENDA)
      .values(Array.from({ length: 120 }, (_, n) => device(n)))
      .execute();
    await arrange();
    expect(await dueAt()).toEqual({ [-1]: 50, 15000: 50, 30000: 20 });
  });

  it('a lock that has its turn soon is not made due twice, unless something is known to have happened', async () => {
    await database.db
      .insertInto(AGENDA)
      .values({ ...device(1), due_at: NOW + 15_000 })
      .execute();
    await rows.makeDue('device:1', NOW + 60_000);
    expect(await dueAt()).toEqual({ 15000: 1 });
    await rows.makeDue('device:1');
    expect(await dueAt()).toEqual({ 0: 1 });
  });
});
