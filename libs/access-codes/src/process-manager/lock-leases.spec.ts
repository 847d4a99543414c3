import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { AGENDA, type AgendaRow, type AgendaTables, createAgendaTables, LOCK_LEASES } from './agenda-tables';
import { lockLeases } from './lock-leases';

const NOW = Date.UTC(2026, 5, 1, 12);
const MINUTE = 60_000;

const waiting = (id: string, since: number, rest: Partial<AgendaRow> = {}): AgendaRow => ({
  ...{ subject: `code:${id}`, kind: 'code', id, workspace_id: 'workspace-1', device_id: 'device-1' },
  ...{
    account_id: 'account-1',
    maker: null,
    due_at: NOW + MINUTE,
    revision: 3,
    planned_revision: 3,
    version: 0,
  },
  ...{
    attempts: 0,
    for_keypad: 0,
    waiting_for_lock: 1,
    waiting_since: since,
    lease_owner: null,
    lease_until: 0,
  },
  ...rest,
});

describe.each(testEngines)('the lease of a lock on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  const lease = (codeId: string, commandId = `command-of-${codeId}`, deviceId = 'device-1') => ({
    ...{ deviceId, commandId, codeId, until: NOW + MINUTE },
  });
  const take = (codeId: string, now = NOW) => lockLeases.take(database.db, lease(codeId), now);
  const freeAt = (deviceId = 'device-1') => lockLeases.freeAt(database.db, deviceId);
  const woken = async (): Promise<string[]> => {
    const rows = await database.db
      .selectFrom(AGENDA)
      .select(['id', 'due_at', 'version'])
      .where('waiting_for_lock', '=', 2)
      .execute();
    expect(rows.every(({ due_at, version }) => due_at! <= NOW && version === 1)).toBe(true);
    return rows.map(({ id }) => id);
  };

  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await database.db.deleteFrom(AGENDA).execute();
    await database.db.deleteFrom(LOCK_LEASES).execute();
  });

  it('is had by one code at a time', async () => {
    expect(await freeAt()).toBeNull();
    expect(await take('a')).toBe(true);
    expect(await take('b')).toBe(false);
    expect(await freeAt()).toBe(NOW + MINUTE);
    expect(await lockLeases.take(database.db, lease('b', 'c', 'device-2'), NOW)).toBe(true);
  });

  it('can be taken again by the code that has it', async () => {
    await take('a');
    expect(await lockLeases.take(database.db, lease('a', 'another'), NOW)).toBe(true);
  });

  it('can be taken by anybody once it has run out', async () => {
    await take('a');
    expect(await take('b', NOW + MINUTE - 1)).toBe(false);
    expect(await take('b', NOW + MINUTE)).toBe(true);
  });

  it('is held by the command that was sent, whichever code had taken it', async () => {
    await take('a');
    await lockLeases.hold(database.db, { ...lease('b'), until: NOW + 5 * MINUTE });
    expect(await take('a')).toBe(false);
    expect(await freeAt()).toBe(NOW + 5 * MINUTE);
  });

  it('is given back by a command that was never sent, to the code that has waited longest', async () => {
    await database.db
      .insertInto(AGENDA)
      .values([waiting('a-late', NOW - 1), waiting('z-early', NOW - 2)])
      .execute();
    await take('a');
    await lockLeases.giveBack(database.db, { deviceId: 'device-1', commandId: 'another' });
    expect(await freeAt()).toBe(NOW + MINUTE);
    await database.db.updateTable(AGENDA).set({ waiting_for_lock: 1, version: 0 }).execute();
    await lockLeases.giveBack(database.db, lease('a'));
    expect(await freeAt()).toBeNull();
    expect(await woken()).toEqual(['z-early']);
  });

  it('ends with what was in flight for its code, and the next one has its turn', async () => {
    const elsewhere = waiting('elsewhere', NOW - 9, { device_id: 'device-2' });
    await database.db
      .insertInto(AGENDA)
      .values([waiting('next', NOW - 2), elsewhere])
      .execute();
    await take('a');
    await lockLeases.freeOf(database.db, 'b');
    expect(await woken()).toEqual([]);
    await lockLeases.freeOf(database.db, 'a');
    expect(await freeAt()).toBeNull();
    expect(await woken()).toEqual(['next']);
  });

  it('gives each its turn once', async () => {
    await database.db
      .insertInto(AGENDA)
      .values([waiting('first', NOW - 2), waiting('second', NOW - 1)])
      .execute();
    await lockLeases.passTurn(database.db, 'device-1');
    await lockLeases.passTurn(database.db, 'device-1');
    await lockLeases.passTurn(database.db, 'device-1');
    expect((await woken()).sort()).toEqual(['first', 'second']);
  });

  it('ends at an instant at the latest, when the clock was set', async () => {
    await take('a');
    await lockLeases.hold(database.db, { ...lease('b', 'c', 'device-2'), until: NOW + 1 });
    await lockLeases.endBy(database.db, NOW + 10);
    expect([await freeAt(), await freeAt('device-2')]).toEqual([NOW + 10, NOW + 1]);
  });
});
