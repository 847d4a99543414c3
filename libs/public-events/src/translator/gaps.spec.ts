import { ACCESS_CODE, codeCodec, type CodeEvent, codeFold } from '@latchkey/access-codes';
import { type Database, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import {
  DeciderStreams,
  InMemoryEventStore,
  type Position,
  positionToText,
  type Projected,
  projected,
  ProjectionRunner,
  type RecordedEvent,
  type Tables,
  UnfoldableEvent,
} from '@latchkey/event-sourcing';
import { derivedId, iso, SandboxClock, SeededIds } from '@latchkey/platform';
import { FeedProjection } from '../feed/feed-projection';
import { publicStreamOf } from '../public-event';
import { Translator } from './translator';
import { TRANSLATOR_VERSION } from './translator-states';

const NOW = Date.UTC(2026, 5, 1, 12);
const WORKSPACE = derivedId('workspace', '1');
const [FIRST, SECOND] = [derivedId('code', '1'), derivedId('code', '2')];
const settings = { preloadLead: 0, justInTimeLead: 0 };
const cause = {
  ...{ correlationId: 'r', causationId: 'r', workspaceId: WORKSPACE },
  actor: { type: 'system' } as const,
};

describe.each(testEngines)('what the translator had to leave out, on %s', (engine) => {
  let store: InMemoryEventStore;
  let test: TestDatabase;
  let views: Database<Tables>;
  let clock: SandboxClock;
  let running: Projected<Tables> | undefined;
  let codes: DeciderStreams<unknown, CodeEvent>;

  beforeEach(async () => {
    store = new InMemoryEventStore();
    test = testDatabase(engine);
    views = await test.open();
    clock = new SandboxClock({ now: NOW, running: false });
    const ids = new SeededIds('gaps');
    codes = new DeciderStreams({
      ...{ store, category: ACCESS_CODE, codec: codeCodec, clock, ids },
      fold: codeFold,
    });
  });
  afterEach(async () => {
    await stop();
    await store.close();
    await test.drop();
  });

  async function start(translator = new Translator(store, settings)): Promise<void> {
    const projections = [translator, new FeedProjection()];
    running = await projected({ ...{ store, clock, projections }, on: views });
  }
  const stop = () => running?.close();
  const settled = async () => {
    await running!.caughtUp();
    // What was told of it.
    await running!.caughtUp();
  };

  async function happens(codeId: string, ...events: CodeEvent[]): Promise<Position> {
    clock.set(clock.now() + 1_000);
    return (await codes.transact(codeId, cause, () => events)).position!;
  }
  const requested = (codeId: string): CodeEvent => ({
    type: 'CodeRequested',
    data: {
      ...{
        codeId,
        workspaceId: WORKSPACE,
        name: 'Guest',
        pin: { keyId: 'k', box: 'b' },
        pinFingerprint: 'f',
      },
      ...{ deviceId: derivedId('device', '1'), accountId: derivedId('account', '1'), schedule: null },
      ...{ preferNativeScheduling: true, externalModificationAllowed: false, commonCodeKey: null },
      ...{ isOneTimeUse: false, usesBackupPool: false, isBackup: false },
    },
  });
  const delayed: CodeEvent = { type: 'SettingDelayed', data: {} };

  /** Types as the feed lists them, each with its code. */
  async function listed(): Promise<string[]> {
    await settled();
    const rows = await views.db
      .selectFrom('events_v2')
      .select(['event_type', 'access_code_id'])
      .orderBy('created_at')
      .orderBy('revision')
      .execute();
    return rows.map(
      ({ event_type, access_code_id }) => `${access_code_id === FIRST ? 1 : 2} ${event_type.slice(12)}`,
    );
  }
  const inStream = async () => {
    const events: RecordedEvent[] = [];
    for await (const event of store.read(publicStreamOf(WORKSPACE))) events.push(event);
    return events;
  };
  /** As if the databases of views and feed had been removed. */
  const removeViews = async () => {
    await new Translator(store, settings).drop(views.db, TRANSLATOR_VERSION);
    for (const table of ['events_v2', 'checkpoints', 'built_projections', 'parked_events'])
      await views.db.schema.dropTable(table).execute();
  };
  const begun = ['created', 'mutations_requested'];
  const ofFirst = begun.map((type) => `1 ${type}`);
  const ofSecond = begun.map((type) => `2 ${type}`);

  /** Goes on without what happens first to the first code. */
  const parking = () => {
    const translator = new Translator(store, settings);
    const apply = translator.apply.bind(translator);
    translator.apply = async (trx, events) => {
      const bad = events.find((event) => event.type === 'CodeRequested' && event.stream.endsWith(FIRST));
      if (bad) throw new UnfoldableEvent(bad, new Error('a defect'));
      return apply(trx, events);
    };
    return translator;
  };

  it('is told late when the views are rebuilt, in its place, with what followed from it, and once', async () => {
    await start(parking());
    await happens(FIRST, requested(FIRST));
    await happens(SECOND, requested(SECOND));
    await happens(FIRST, delayed);
    await happens(SECOND, delayed);
    expect(await listed()).toEqual([...ofSecond, '2 delay_in_setting_on_device']);
    await stop();

    for (let time = 0; time < 3; time++) {
      await removeViews();
      await start();
      expect(await listed()).toEqual([
        ...ofFirst,
        ...ofSecond,
        '1 delay_in_setting_on_device',
        '2 delay_in_setting_on_device',
      ]);
      await stop();
    }
    const events = await inStream();
    expect(events).toHaveLength(6);
    expect(events.slice(3).map(({ metadata }) => metadata)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ late: true })),
    );
    await start();
    await happens(SECOND, { type: 'RemovalStarted', data: { cause: 'deleted' } });
    expect((await listed()).at(-1)).toBe('2 mutations_requested');
  });

  it('is told when a new version takes over, and nothing else that the one before did not tell', async () => {
    // Two codes of which nothing was told: one for want of words, the other since its event was parked.
    await happens(FIRST, requested(FIRST));
    const upTo = await happens(SECOND, requested(SECOND));
    await laterNews();
    await oldVersionAt(upTo, FIRST);
    await start();
    expect(await listed()).toEqual([...ofFirst, '2 news']);
    const rows = await views.db.selectFrom('parked_events').selectAll().execute();
    expect(rows).toEqual([]);
  });

  /** The public stream's end, from a fact after all others. */
  async function laterNews(): Promise<void> {
    const id = derivedId('news', '1');
    const at = iso(clock.now() + 1_000);
    const beyond = { commit: 1_000n, prepare: 1_000n };
    const metadata = {
      ...{
        $correlationId: 'r',
        $causationId: 'r',
        actor: { type: 'system' } as const,
        workspaceId: WORKSPACE,
      },
      ...{ schemaVersion: 1, occurredAt: at, sourcePosition: positionToText(beyond) },
    };
    const data = {
      ...{ event_id: id, event_type: 'access_code.news', workspace_id: WORKSPACE },
      ...{ created_at: at, occurred_at: at },
    };
    const event = { id, type: 'access_code.news', data, metadata };
    await store.append(publicStreamOf(WORKSPACE), [event], 'no-stream');
  }
  /** As the earlier version has left its database. */
  async function oldVersionAt(position: Position, parkedCode: string): Promise<void> {
    const old = Object.assign(new Translator(new InMemoryEventStore(), settings), { version: 2 });
    const runner = new ProjectionRunner({
      ...{ store: new InMemoryEventStore(), database: views, clock },
      projection: Object.assign(old, { create: () => Promise.resolve() }),
    });
    await runner.prepare();
    await views.db
      .updateTable('checkpoints')
      .set({ position: positionToText(position) })
      .where('projection', '=', 'translator')
      .execute();
    await views.db
      .insertInto('parked_events')
      .values({
        ...{ projection: 'translator', event_id: 'e', stream: `${ACCESS_CODE}-${parkedCode}`, type: 't' },
        ...{ position: positionToText(position), reason: 'the disk was full', parked_at: NOW },
      })
      .execute();
  }

  it('is not what somebody else appended to the public stream: that is set aside, and the news go on', async () => {
    await start();
    await happens(FIRST, requested(FIRST));
    await settled();
    const stream = publicStreamOf(WORKSPACE);
    const [ours] = await inStream();
    const foreign = [
      { type: 'hello', data: {} },
      { type: 'hello', data: Buffer.from([0, 1]) },
      { type: ours!.type, data: ours!.data, metadata: ours!.metadata },
      {
        type: ours!.type,
        data: { ...(ours!.data as object), event_id: 'x' },
        metadata: { schemaVersion: 1 },
      },
    ].map((event, n) => ({ id: derivedId('foreign', String(n)), ...event }));
    store.appendForeign(stream, ...foreign);
    store.appendForeign(publicStreamOf('nobody'), { id: derivedId('foreign', '9'), type: 'x', data: null });
    await happens(SECOND, requested(SECOND));
    const expected = [...ofFirst, ...ofSecond];
    expect(await listed()).toEqual(expected);
    const parked = () => views.db.selectFrom('parked_events').select('projection').execute();
    expect(await parked()).toEqual(Array.from({ length: 5 }, () => ({ projection: '*' })));

    await stop();
    await removeViews();
    await start();
    expect(await listed()).toEqual(expected);
    expect(await parked()).toHaveLength(5);
    await happens(SECOND, delayed);
    expect((await listed()).at(-1)).toBe('2 delay_in_setting_on_device');
  });
});
