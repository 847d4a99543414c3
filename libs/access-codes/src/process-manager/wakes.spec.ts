import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { deviceCodec } from '@latchkey/devices';
import { SandboxClock } from '@latchkey/platform';
import { writtenAtOnce } from './agenda-changes';
import { foldDevice } from './agenda-fold';
import { AgendaRows } from './agenda-rows';
import {
  AGENDA,
  type AgendaRow,
  type AgendaTables,
  createAgendaTables,
  indexAgenda,
  WAKES,
} from './agenda-tables';
import { ROWS_AT_ONCE } from './wakes';

const NOW = Date.UTC(2026, 5, 1, 12);
const MANY = 2 * ROWS_AT_ONCE + 50;

const row = (kind: AgendaRow['kind'], id: string, rest: Partial<AgendaRow> = {}): AgendaRow => ({
  ...{ subject: `${kind}:${id}`, kind, id, workspace_id: 'workspace-1', device_id: 'device-1' },
  ...{ account_id: 'account-1', maker: null, due_at: null, revision: 3, planned_revision: 3, version: 0 },
  ...{ attempts: 0, for_keypad: 0, waiting_for_lock: 0, waiting_since: 0, lease_owner: null, lease_until: 0 },
  ...rest,
});

describe.each(testEngines)('an event on which all codes of a device depend, on %s', (engine) => {
  const test = testDatabase(engine);
  const clock = new SandboxClock({ now: NOW, running: false });
  let database: Database<AgendaTables>;
  const rowsOf = (owner: string) => new AgendaRows(database, { owner, clock, wall: () => NOW });
  const countDue = async () => {
    const due = database.db.selectFrom(AGENDA).select('subject').where('due_at', '<=', NOW);
    return (await due.execute()).length;
  };
  const goesOffline = (deviceId: string) => {
    const stream = `device-${deviceId}`;
    const data = { errorCode: 'device_disconnected' as const };
    const event = deviceCodec.encode({ type: 'DeviceDisconnected', data }, 'event-1', {
      ...{ $correlationId: 'c', $causationId: 'c', actor: { type: 'system' }, workspaceId: 'workspace-1' },
      occurredAt: new Date(NOW).toISOString(),
    });
    const at = { stream, revision: 1, position: { commit: 1n, prepare: 1n }, recordedAt: NOW };
    return database.transaction((trx) =>
      foldDevice(writtenAtOnce(trx), deviceId, { ...event, ...at }, { now: NOW }),
    );
  };
  /** Claims until nothing is due, as the executor does. */
  const worked = async (rows: AgendaRows) => {
    const subjects: string[] = [];
    for (let next = await rows.nextDue(); next !== null && next <= NOW; next = await rows.nextDue()) {
      const claims = await rows.claim(NOW, 64);
      for (const claim of claims) {
        subjects.push(claim.subject);
        await rows.settle(claim, { do: 'wait', revision: claim.revision, until: null });
      }
    }
    return subjects;
  };

  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
    await indexAgenda(database.db);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    await database.db.deleteFrom(AGENDA).execute();
    await database.db.deleteFrom(WAKES).execute();
    const codes = Array.from({ length: MANY }, (_, n) => row('code', `many-${n}`));
    const others = [
      row('device', 'device-1'),
      row('device', 'device-2', { device_id: 'device-2', workspace_id: 'workspace-2' }),
      row('code', 'elsewhere', { device_id: 'device-2', workspace_id: 'workspace-2' }),
    ];
    await database.db
      .insertInto(AGENDA)
      .values([...codes, ...others])
      .execute();
  });

  it('makes some of them due at once, including the device, and the others as work goes on', async () => {
    await goesOffline('device-1');
    expect(await countDue()).toBe(ROWS_AT_ONCE + 1);
    const subjects = await worked(rowsOf('worker'));
    expect(subjects).toContain('device:device-1');
    expect(new Set(subjects).size).toBe(MANY + 1);
    expect(subjects).not.toContain('code:elsewhere');
    expect(await rowsOf('worker').nextDue()).toBeNull();
  });

  it('is not forgotten by a process that ends in between', async () => {
    await goesOffline('device-1');
    const [first] = await rowsOf('first').claim(NOW, 1);
    await rowsOf('first').settle(first!, { do: 'wait', revision: 3, until: null });
    const subjects = await worked(rowsOf('second'));
    expect(new Set([...subjects, first!.subject]).size).toBe(MANY + 1);
  });

  it('keeps no other device waiting', async () => {
    await goesOffline('device-1');
    await goesOffline('device-2');
    const claims = await rowsOf('worker').claim(NOW, ROWS_AT_ONCE + 3);
    expect(claims.map(({ subject }) => subject)).toContain('code:elsewhere');
  });

  it('affects all rows when the clock was set', async () => {
    await rowsOf('worker').makeAllDue();
    expect(await countDue()).toBe(ROWS_AT_ONCE);
    await rowsOf('worker').wakeAll();
    expect(await countDue()).toBe(MANY + 3);
  });

  it('counts when workspaces with due work are looked for', async () => {
    await goesOffline('device-1');
    const rows = rowsOf('worker');
    await database.db.updateTable(AGENDA).set({ due_at: null }).execute();
    expect(await rows.dueWorkspaces(NOW)).toEqual(['workspace-1']);
  });
});
