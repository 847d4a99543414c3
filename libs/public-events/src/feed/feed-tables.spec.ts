import { type Database, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import { InMemoryEventStore, projected, type RecordedEvent, type Tables } from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import { sql } from 'kysely';
import { publicStreamOf } from '../public-event';
import { EVENTS, FeedProjection, listedInFeed } from './feed-projection';

const NOW = Date.UTC(2026, 5, 1, 12);
const WORKSPACE = derivedId('workspace', '1');
const STREAM = publicStreamOf(WORKSPACE);
const clock = { now: () => NOW };

const eventNo = (n: number) => {
  const id = derivedId('event', String(n));
  return {
    ...{ id, type: 'device.connected' },
    data: { event_id: id, event_type: 'device.connected', workspace_id: WORKSPACE, created_at: iso(NOW + n) },
    metadata: {
      ...{
        $correlationId: 'r',
        $causationId: 'r',
        actor: { type: 'system' as const },
        workspaceId: WORKSPACE,
      },
      ...{ schemaVersion: 1, occurredAt: iso(NOW), sourcePosition: `${n}/${n}` },
    },
  };
};

describe.each(testEngines)('the tables of the feed on %s', (engine) => {
  let store: InMemoryEventStore;
  let test: TestDatabase;
  let views: Database<Tables>;

  beforeEach(async () => {
    store = new InMemoryEventStore(() => NOW);
    test = testDatabase(engine);
    views = await test.open();
    await store.append(STREAM, [1, 2, 3].map(eventNo), 'no-stream');
  });
  afterEach(async () => {
    await store.close();
    await test.drop();
  });
  const folded = async () =>
    (await projected({ store, clock, projections: [new FeedProjection()], on: views })).close();
  const ids = async () => {
    const found = await sql<{ event_id: string }>`
      select event_id from ${sql.table(EVENTS)} order by revision`.execute(views.db);
    return found.rows.map(({ event_id }) => event_id);
  };
  const indexes = async () => {
    const names =
      engine === 'sqlite'
        ? sql<{ name: string }>`select name from sqlite_master where type = 'index' and tbl_name = ${EVENTS}`
        : sql<{ name: string }>`select indexname as name from pg_indexes
            where schemaname = current_schema() and tablename = ${EVENTS}`;
    return (await names.execute(views.db)).rows.map(({ name }) => name).sort();
  };
  const BY = ['code', 'device', 'id', 'revision', 'time'].map((name) => `events_by_${name}_v2`);

  it('have no index of random ids while they are filled, and one once all of history is there', async () => {
    await new FeedProjection().create(views.db);
    expect(await indexes()).toEqual([]);
    await views.db.schema.dropTable(EVENTS).execute();

    await folded();
    expect(await indexes()).toEqual(BY);
    expect(await ids()).toEqual([1, 2, 3].map((n) => eventNo(n).id));
  });

  it('of an earlier version, with the id as their key, are taken up as they are', async () => {
    await folded();
    const rows = sql.table(EVENTS);
    await sql`alter table ${rows} rename to former`.execute(views.db);
    for (const name of BY) await views.db.schema.dropIndex(name).execute();
    const columns = sql`workspace_id, revision, event_type, created_at, access_code_id, device_id,
      connected_account_id, connect_webview_id, customer_key, data`;
    await sql`create table ${rows} (event_id text primary key, workspace_id text, revision bigint, event_type text,
      created_at bigint, access_code_id text, device_id text, connected_account_id text, connect_webview_id text,
      customer_key text, data text)`.execute(views.db);
    await sql`insert into ${rows} (event_id, ${columns}) select event_id, ${columns} from former`.execute(
      views.db,
    );
    await store.append(STREAM, [4, 5].map(eventNo), 2);

    await folded();
    expect(await ids()).toEqual([1, 2, 3, 4, 5].map((n) => eventNo(n).id));
    expect(await indexes()).toEqual(expect.arrayContaining(BY));
  });

  it('get the indexes that are needed in the middle of building', async () => {
    const projection = new FeedProjection();
    await projection.create(views.db);
    const codeId = derivedId('code', '1');
    const erased = { ...eventNo(4), type: 'access_code.personal_data_erased' };
    const recorded: RecordedEvent = {
      ...{ ...erased, stream: STREAM, revision: 3, position: { commit: 4n, prepare: 4n }, recordedAt: NOW },
      data: { ...erased.data, event_type: erased.type, access_code_id: codeId },
    };
    await views.transaction((trx) => projection.apply(trx, [recorded]));
    expect(await indexes()).toEqual(['events_by_code_v2']);
    expect([...(await listedInFeed(views.db, [erased.id, codeId]))]).toEqual([erased.id]);
    expect(await indexes()).toEqual(['events_by_code_v2', 'events_by_id_v2']);
  });
});

/** So many that a table of which nothing is known would be read as a whole. */
const ROWS = 20_000;
const onPostgres = process.env['DATABASE_TEST_URL'] ? describe : describe.skip; // needs a PostgreSQL server

onPostgres('a feed that has just been filled, on PostgreSQL', () => {
  it('is looked through by ids with its index, however many ids: the planner knows of its rows', async () => {
    const test = testDatabase('postgres');
    const store = new InMemoryEventStore(() => NOW);
    try {
      const views = await test.open();
      for (let from = 0; from < ROWS; from += 1_000)
        await store.append(
          STREAM,
          Array.from({ length: 1_000 }, (_, n) => eventNo(from + n)),
          from === 0 ? 'no-stream' : from - 1,
        );
      await (await projected({ store, clock, projections: [new FeedProjection()], on: views })).close();
      const ids = Array.from({ length: 100 }, (_, n) => eventNo(n * 150).id);
      const plan = await sql<{ 'QUERY PLAN': string }>`
        explain select event_id from ${sql.table(EVENTS)} where event_id in (${sql.join(ids)})`.execute(
        views.db,
      );
      const scans = plan.rows.map((row) => /\w+ Scan on \w+/.exec(row['QUERY PLAN'])?.[0]);
      expect(scans).toContain('Index Scan on events_by_id_v2');
      expect((await listedInFeed(views.db, [...ids, 'another'])).size).toBe(ids.length);
    } finally {
      await store.close();
      await test.drop();
    }
  });
});
