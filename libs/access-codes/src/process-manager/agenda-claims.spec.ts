import { type Database, testDatabase, testEngines } from '@latchkey/database';
import { MINUTE, SandboxClock } from '@latchkey/platform';
import { type CompiledQuery, type Kysely, sql } from 'kysely';
import { keypadCodec } from '../domain/keypad';
import { writtenAtOnce } from './agenda-changes';
import { foldKeypad } from './agenda-fold';
import { AgendaRows } from './agenda-rows';
import { AGENDA, type AgendaRow, type AgendaTables, createAgendaTables, indexAgenda } from './agenda-tables';

const NOW = Date.UTC(2026, 5, 1, 12);

const row = (id: string, rest: Partial<AgendaRow> = {}): AgendaRow => ({
  ...{ subject: `code:${id}`, kind: 'code', id, workspace_id: 'workspace-1', device_id: 'device-1' },
  ...{ account_id: 'account-1', maker: null, due_at: NOW, revision: 3, planned_revision: -1, version: 0 },
  ...{ attempts: 0, for_keypad: 0, waiting_for_lock: 0, waiting_since: 0, lease_owner: null, lease_until: 0 },
  ...rest,
});

describe.each(testEngines)('claims of the agenda on %s', (engine) => {
  const test = testDatabase(engine);
  const clock = new SandboxClock({ now: NOW, running: false });
  let database: Database<AgendaTables>;
  let rows: AgendaRows;
  const add = (...all: AgendaRow[]) => database.db.insertInto(AGENDA).values(all).execute();
  const at = (id: string) =>
    database.db.selectFrom(AGENDA).selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  beforeAll(async () => {
    database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
    await indexAgenda(database.db);
    rows = new AgendaRows(database, { owner: 'worker', clock, wall: () => NOW });
  });
  afterAll(() => test.drop());
  beforeEach(() => database.db.deleteFrom(AGENDA).execute());

  it('that are settled at the same time each get their own result', async () => {
    await add(row('waits'), row('sleeps'), row('for-lock'), row('for-keypad'), row('went-on'), row('woken'));
    const claims = new Map((await rows.claim(NOW, 10)).map((claim) => [claim.id, claim]));
    // Its own stream gets another event, and something else happens.
    await database.db.updateTable(AGENDA).set({ revision: 4 }).where('id', '=', 'went-on').execute();
    await rows.makeDue('code:woken');
    const settled = (id: string, rest: object) =>
      rows.settle(claims.get(id)!, { do: 'wait', revision: 3, until: NOW + 1000, ...rest });
    await Promise.all([
      settled('waits', {}),
      settled('sleeps', { until: null }),
      rows.settle(claims.get('for-lock')!, { do: 'wait-for-lock', revision: 3, until: NOW + 500 }),
      settled('for-keypad', { forKeypad: true }),
      settled('went-on', {}),
      settled('woken', {}),
    ]);
    const free = { lease_owner: null, lease_until: 0 };
    expect(await at('waits')).toMatchObject({ due_at: NOW + 1000, planned_revision: 3, ...free });
    expect(await at('sleeps')).toMatchObject({ due_at: null, ...free });
    expect(await at('for-lock')).toMatchObject({
      due_at: NOW + 500,
      waiting_for_lock: 1,
      waiting_since: NOW,
    });
    expect(await at('for-keypad')).toMatchObject({ due_at: NOW + 1000, for_keypad: 1, ...free });
    expect(await at('went-on')).toMatchObject({ due_at: NOW, ...free });
    expect(await at('woken')).toMatchObject({ due_at: NOW, version: 1, ...free });
  });

  it('that failed count their attempts, until one succeeds', async () => {
    await add(row('broken'));
    for (const attempts of [1, 2]) {
      const [claim] = await rows.claim(NOW, 1);
      await rows.putOff(claim!, NOW);
      expect(await at('broken')).toMatchObject({ attempts, lease_owner: null });
    }
    const [claim] = await rows.claim(NOW, 1);
    await rows.settle(claim!, { do: 'wait', revision: 3, until: null });
    expect(await at('broken')).toMatchObject({ attempts: 0 });
  });

  it('that failed are not put off when something has happened meanwhile', async () => {
    await add(row('changed'));
    const [claim] = await rows.claim(NOW, 1);
    await rows.makeDue('code:changed');
    await rows.putOff(claim!, NOW + MINUTE);
    expect(await at('changed')).toMatchObject({ attempts: 1, due_at: NOW });
  });

  it('come from an index in their order: nothing is sorted, and only what is claimed is read', async () => {
    await sql`
      with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 60000)
      insert into ${sql.table(AGENDA)} (subject, kind, id, workspace_id, due_at, revision, planned_revision,
        version, attempts, for_keypad, waiting_for_lock, waiting_since, lease_until)
      select 'code:' || n, 'code', 'code-' || n, 'workspace-' || (n % 7),
        case when n < 5000 then ${sql.lit(NOW)} - n else ${sql.lit(NOW)} + 1000000 + n end,
        0, 0, 0, 0, 0, 0, 0, 0 from numbers`.execute(database.db);
    await add(row('quiet', { workspace_id: 'workspace-quiet' }));
    await sql`analyze`.execute(database.db);
    const asked: CompiledQuery[] = [];
    const seen = recording(database.db, asked);
    const recorded = new AgendaRows({ ...database, db: seen }, { owner: 'w', clock, wall: () => NOW });
    await recorded.nextDue();
    await recorded.claim(NOW, 64);
    await recorded.claim(NOW, 64, { workspaceId: 'workspace-quiet' });
    await recorded.claim(NOW, 16, { workspaceId: 'workspace-quiet', newest: true });
    await recorded.dueWorkspaces(NOW);
    const [first] = await recorded.unclaimed.due(NOW, 1);
    await recorded.unclaimed.due(NOW, 500, first);
    expect(asked).toHaveLength(7);

    const plans: string[] = [];
    for (const query of asked) plans.push(await planOf(database, query));
    for (const plan of plans)
      expect(plan).not.toMatch(/\bsort\b|temp b-tree for order|(seq )?scan (on )?agenda_v\d+(?! using)$/im);
    expect(plans[0]).toContain(`${AGENDA}_by_due`);
    expect(plans[1]).toContain(`${AGENDA}_by_due`);
    expect(plans[2]).toContain(`${AGENDA}_by_workspace`);
    expect(plans[3]).toContain(`${AGENDA}_by_workspace`);
    expect(plans[4]).toContain(`${AGENDA}_by_workspace`);
    expect(plans[5]).toContain(`${AGENDA}_by_due`);
    expect(plans[6]).toContain(`${AGENDA}_by_due`);
  });
});

it.each(testEngines)(
  'a PIN that is released makes the codes due that wait for it, and reads no other code (%s)',
  async (engine) => {
    const test = testDatabase(engine);
    const database = await test.open<AgendaTables>();
    await createAgendaTables(database.db);
    await database.db
      .insertInto(AGENDA)
      .values([row('waits', { for_keypad: 1, due_at: null }), row('sleeps', { due_at: null })])
      .execute();
    await sql`
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 20000)
    insert into ${sql.table(AGENDA)} (subject, kind, id, workspace_id, device_id, revision, planned_revision, version,
      attempts, for_keypad, waiting_for_lock, waiting_since, lease_until)
    select 'code:' || n, 'code', 'code-' || n, 'workspace-1', 'device-1', 0, 0, 0, 0, 0, 0, 0, 0
    from numbers`.execute(database.db);
    await sql`analyze`.execute(database.db);
    const asked: CompiledQuery[] = [];
    const data = { codeId: 'code-1', pinFingerprint: null };
    const stream = 'keypad-device-1';
    const event = keypadCodec.encode({ type: 'PinReleased', data }, 'event-1', {
      ...{ $correlationId: 'c', $causationId: 'c', actor: { type: 'system' }, workspaceId: 'workspace-1' },
      occurredAt: new Date(NOW).toISOString(),
    });
    const recorded = {
      ...event,
      stream,
      revision: 1,
      position: { commit: 1n, prepare: 1n },
      recordedAt: NOW,
    };
    await database.transaction((trx) =>
      foldKeypad(writtenAtOnce(recording(trx, asked) as typeof trx), 'device-1', recorded, { now: NOW }),
    );

    const due = database.db.selectFrom(AGENDA).select('id').where('due_at', 'is not', null);
    expect(await due.execute()).toEqual([{ id: 'waits' }]);
    expect(await Promise.all(asked.map((query) => planOf(database, query)))).toEqual([
      expect.stringContaining(`${AGENDA}_for_keypad`),
    ]);
    await test.drop();
  },
);

/** The same database, which records its statements. */
function recording(db: Kysely<AgendaTables>, asked: CompiledQuery[]): Kysely<AgendaTables> {
  const watched = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (name === 'executeQuery') asked.push(args[0] as CompiledQuery);
          const result = value.apply(target, args) as unknown;
          return name === 'getExecutor' ? watched(result as object) : result;
        };
      },
    });
  return watched(db);
}

async function planOf({ db, engine }: Database<AgendaTables>, query: CompiledQuery): Promise<string> {
  const explain = engine === 'sqlite' ? 'explain query plan ' : 'explain ';
  const { rows } = await db.executeQuery({ ...query, sql: explain + query.sql });
  return rows.map((each) => String(Object.values(each as object).at(-1))).join('\n');
}
