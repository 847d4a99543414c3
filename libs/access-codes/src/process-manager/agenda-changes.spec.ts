import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { T0 } from '../domain/testing/builders';
import { type AgendaChanges, writtenAtOnce } from './agenda-changes';
import { AGENDA, type AgendaRow, type AgendaTables, createAgendaTables } from './agenda-tables';
import { inserted } from './new-row';

const SUBJECT = 'code:code-1';
const LATER = T0 + 60_000;

describe.each(testEngines)('what an event changes in the agenda on %s', (engine) => {
  const test = testDatabase(engine);
  let database: Database<AgendaTables>;
  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db as never);
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());

  /** @returns the earliest instant that a row was made due for, ms */
  const changed = (change: (changes: AgendaChanges) => Promise<unknown>): Promise<number> =>
    database.transaction(async (trx) => {
      const changes = writtenAtOnce(trx);
      await change(changes);
      await changes.write();
      return changes.earliest;
    });
  const isThere = (row: Partial<AgendaRow>) =>
    database.db
      .insertInto(AGENDA)
      .values({
        ...inserted({
          ...{
            subject: SUBJECT,
            workspaceId: 'workspace-1',
            kind: 'code',
            id: 'code-1',
            deviceId: 'device-1',
          },
          ...{ accountId: null, maker: null, dueAt: T0 - 1, revision: 4 },
        }),
        ...row,
      })
      .execute();
  const row = () =>
    database.db
      .selectFrom(AGENDA)
      .select(['due_at', 'revision', 'planned_revision'])
      .where('subject', '=', SUBJECT)
      .executeTakeFirst();
  const planned = (until: number | null, revision = 5) =>
    changed((changes) => changes.plannedByEvent(SUBJECT, 5, T0, { revision, until }));

  it.each([LATER, null])('is planned with it: due at %s', async (until) => {
    await isThere({});
    expect(await planned(until)).toBe(until ?? Infinity);
    expect(await row()).toEqual({ due_at: until, revision: 5, planned_revision: 5 });
  });

  it('is planned on more than that event', async () => {
    await isThere({});
    await planned(LATER, 7);
    expect(await row()).toEqual({ due_at: LATER, revision: 5, planned_revision: 7 });
    await changed((changes) => changes.dueByEvent(SUBJECT, 7, T0));
    expect(await row()).toEqual({ due_at: LATER, revision: 7, planned_revision: 7 });
  });

  it('leaves what was planned on it already', async () => {
    await isThere({ planned_revision: 5 });
    await planned(LATER);
    expect(await row()).toEqual({ due_at: T0 - 1, revision: 5, planned_revision: 5 });
  });

  it.each([{ waiting_for_lock: 1 }, { waiting_for_lock: 2 }, { for_keypad: 1 }])(
    'makes what waits due now: %j',
    async (waits) => {
      await isThere(waits);
      await planned(LATER);
      expect(await row()).toEqual({ due_at: T0, revision: 5, planned_revision: -1 });
    },
  );

  it('tells the earliest that something is due, and of a turn at a lock as of what has been due', async () => {
    await isThere({});
    expect(await changed((changes) => changes.seen(SUBJECT, 5))).toBe(Infinity);
    expect(
      await changed(async (changes) => {
        await changes.dueByEvent(SUBJECT, 6, LATER);
        await changes.dueNow(SUBJECT, T0);
      }),
    ).toBe(T0);
    const lease = { deviceId: 'device-1', commandId: 'c', codeId: 'code-2', until: LATER };
    await changed((changes) => changes.hold(lease));
    expect(await changed((changes) => changes.freeOf('code-2'))).toBe(Infinity);
    await changed((changes) => changes.hold(lease));
    await database.db.updateTable(AGENDA).set({ waiting_for_lock: 1, waiting_since: T0 }).execute();
    expect(await changed((changes) => changes.freeOf('code-2'))).toBe(-Infinity);
  });
});
