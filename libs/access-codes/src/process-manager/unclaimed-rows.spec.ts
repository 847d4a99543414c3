import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { AGENDA, type AgendaRow, type AgendaTables, createAgendaTables, indexAgenda } from './agenda-tables';
import { shareOf } from './shares';
import { type UnclaimedRow, UnclaimedRows } from './unclaimed-rows';

const NOW = Date.UTC(2026, 5, 1, 12);
const LATER = NOW + 60_000;

const code = (id: string, more: Partial<AgendaRow> = {}): AgendaRow => ({
  ...{ subject: `code:${id}`, kind: 'code', id, workspace_id: 'workspace-1', device_id: 'device-1' },
  ...{ account_id: null, maker: null, due_at: NOW - 1, revision: 3, planned_revision: -1, version: 0 },
  ...{ attempts: 2, for_keypad: 0, waiting_for_lock: 0, waiting_since: 0, lease_owner: null, lease_until: 0 },
  ...more,
});

describe.each(testEngines)('due rows that nobody has claimed, on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  let rows: UnclaimedRows;
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
    await indexAgenda(database.db);
    rows = new UnclaimedRows(database, { wall: () => NOW });
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());
  const given = (...all: AgendaRow[]) => database.db.insertInto(AGENDA).values(all).execute();
  const change = (id: string, set: Partial<AgendaRow>) =>
    database.db.updateTable(AGENDA).set(set).where('id', '=', id).execute();
  const ids = (some: readonly UnclaimedRow[]) => some.map(({ id }) => id);
  const stored = async () => {
    const all = await database.db.selectFrom(AGENDA).selectAll().orderBy('subject').execute();
    return Object.fromEntries(all.map((row) => [row.id, row]));
  };

  it('are read in pages, the longest due first', async () => {
    await given(
      ...[code('c'), code('b'), code('a', { due_at: NOW }), code('early', { due_at: NOW - 9 })],
      ...[code('late', { due_at: NOW + 1 }), code('asleep', { due_at: null })],
      ...[code('claimed', { lease_owner: 'worker', lease_until: NOW + 1 })],
      ...[code('left', { due_at: NOW, lease_owner: 'dead', lease_until: NOW - 1 })],
      code('in-line', { waiting_for_lock: 1 }),
    );
    const first = await rows.due(NOW, 2);
    expect(ids(first)).toEqual(['early', 'b']);
    const second = await rows.due(NOW, 2, first.at(-1));
    expect(ids(second)).toEqual(['c', 'a']);
    expect(ids(await rows.due(NOW, 2, second.at(-1)))).toEqual(['left']);
  });

  it('are read share by share, each in one of them, codes on one device beside each other', async () => {
    const devices = [...'0123456789abcdef'].flatMap((digit) => [`${digit}0-a`, `${digit}8-b`, `${digit}f`]);
    await given(
      ...devices.flatMap((id) => [code(`1-${id}`, { device_id: id }), code(`2-${id}`, { device_id: id })]),
      ...[code('late', { due_at: NOW + 1, device_id: '00' }), code('in-line', { waiting_for_lock: 1 })],
      code('nowhere', { device_id: null }),
      code('lock', { subject: 'device:lock', kind: 'device', device_id: '00' }),
    );
    const shares: string[][] = [];
    for (let n = 0, share = shareOf(n); share; share = shareOf(++n)) {
      const found: UnclaimedRow[] = [];
      for (let page = await rows.dueIn(share, NOW, 2); page.length > 0;) {
        found.push(...page);
        page = await rows.dueIn(share, NOW, 2, page.at(-1));
      }
      shares.push(ids(found));
    }
    expect(shares[0]).toEqual(['nowhere', 'lock']);
    const pairs = devices.map((id) => [`1-${id}`, `2-${id}`]);
    expect(shares.slice(1).flat()).toEqual(pairs.flat());
    // Nobody has much more to do than others.
    expect(Math.max(...shares.map((share) => share.length))).toBe(4);
  });

  it('are put off, or dropped, if they are still as they were read', async () => {
    const changes: Record<string, Partial<AgendaRow>> = {
      ...{ same: {}, woken: { version: 1 }, happened: { revision: 4 }, due: { due_at: NOW - 5 } },
      ...{ planned: { planned_revision: 3 }, claimed: { lease_owner: 'worker', lease_until: NOW + 1 } },
    };
    for (const drops of [false, true]) {
      await database.db.deleteFrom(AGENDA).execute();
      await given(...Object.keys(changes).map((id) => code(id)));
      const read = await rows.due(NOW, 10);
      for (const [id, set] of Object.entries(changes)) if (id !== 'same') await change(id, set);
      const { same: _, ...others } = await stored();
      if (drops) await rows.drop(read);
      else await rows.putOff(read.map((row) => ({ row, until: LATER, forKeypad: true })));
      const { same, ...rest } = await stored();
      expect(rest).toEqual(others);
      const putOff = { due_at: LATER, for_keypad: 1, planned_revision: 3, attempts: 0 };
      expect(same).toEqual(drops ? undefined : { ...code('same'), ...putOff });
    }
  });

  it('are put off all together or not at all', async () => {
    const many = Array.from({ length: 1_200 }, (_, n) => code(`${n}`));
    for (const some of [many.slice(0, 600), many.slice(600)]) await given(...some);
    const read = await rows.due(NOW, 2_000);
    let asked = 0;
    const wall = () => {
      if (++asked > 1) throw new Error('it stops in the middle');
      return NOW;
    };
    const stopping = new UnclaimedRows(database, { wall });
    const putOff = stopping.putOff(read.map((row) => ({ row, until: LATER, forKeypad: false })));
    await expect(putOff).rejects.toThrow('in the middle');
    expect(asked).toBe(2);
    expect(await rows.due(NOW, 2_000)).toHaveLength(1_200);
  });

  it('may wait for something to happen, however many they are', async () => {
    const many = Array.from({ length: 1_200 }, (_, n) => code(`${n}`));
    for (const some of [many.slice(0, 600), many.slice(600)]) await given(...some);
    const read = await rows.due(NOW, 2_000);
    expect(read).toHaveLength(1_200);
    await rows.putOff(read.map((row) => ({ row, until: null, forKeypad: false })));
    expect(await rows.due(NOW, 2_000)).toEqual([]);
    expect(Object.values(await stored()).filter(({ due_at }) => due_at === null)).toHaveLength(1_200);
  });
});
