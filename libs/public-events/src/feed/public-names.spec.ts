import { type Database, testDatabase, type TestDatabase, testEngines } from '@latchkey/database';
import {
  InMemoryEventStore,
  MarkedEventStore,
  type Projected,
  projected,
  type RecordedEvent,
  type Tables,
} from '@latchkey/event-sourcing';
import { derivedId, iso, SandboxClock } from '@latchkey/platform';
import { PERSONAL_DATA_ERASED } from '../nameless';
import { publicStreamOf } from '../public-event';
import { EVENTS, FeedProjection, type FeedTables } from './feed-projection';
import { PublicNames } from './public-names';

const NOW = Date.UTC(2026, 5, 1, 12);
const STREAM = publicStreamOf('workspace-1');
const marker = { mark: (text: string) => `mark of ${text.length}`, isMarked: () => true };
const NAMES = { from: { name: 'Ada' }, to: { name: 'Bob' } };

describe.each(testEngines)('names in public events, on %s', (engine) => {
  const clock = new SandboxClock({ now: NOW, running: false });
  let store: MarkedEventStore;
  let test: TestDatabase;
  let feed: Database<FeedTables>;
  let running: Projected<Tables>;
  let told: number;

  const tell = async (type: string, access_code_id: string, more: object, source: string): Promise<void> => {
    const event_id = derivedId(source, `${type}:0`);
    const common = { workspace_id: 'workspace-1', created_at: iso(NOW), occurred_at: iso(NOW) };
    const data = { event_id, event_type: type, ...common, access_code_id, ...more };
    const metadata = {
      ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' as const } },
      ...{
        workspaceId: 'workspace-1',
        schemaVersion: 1,
        occurredAt: iso(NOW),
        sourcePosition: `${told}/${told}`,
      },
    };
    await store.append(STREAM, [{ id: event_id, type, data, metadata }], told++ - 1);
  };
  const listed = async () => {
    const rows = await feed.db.selectFrom(EVENTS).select('data').orderBy('revision').execute();
    return rows.map(({ data }) => (JSON.parse(data) as { from?: { name: string } }).from?.name);
  };

  beforeEach(async () => {
    told = 0;
    store = new MarkedEventStore(new InMemoryEventStore(() => NOW), marker, undefined);
    test = testDatabase(engine);
    feed = await test.open();
    const on = feed as unknown as Database<Tables>;
    running = await projected({ store, clock, projections: [new FeedProjection()], on });
    await tell('access_code.name_changed', 'code-1', NAMES, 'fact-1');
    await tell('access_code.name_changed', 'code-2', NAMES, 'fact-2');
    await tell('access_code.deleted', 'code-1', { code: null }, 'fact-3');
    await running.caughtUp();
  });
  afterEach(async () => {
    await running.close();
    await test.drop();
  });

  const factOf = (id: string) => ({ id }) as RecordedEvent;

  it('are forgotten by the feed once it is told so, of that code alone', async () => {
    const names = new PublicNames({ store, feed });
    expect(await listed()).toEqual(['Ada', 'Ada', undefined]);
    expect(await names.toldAt(factOf('fact-4'))).toBeUndefined();
    await tell(PERSONAL_DATA_ERASED, 'code-1', {}, 'fact-4');
    await running.caughtUp();
    expect(await names.toldAt(factOf('fact-4'))).toEqual(store.lastAppended);
    expect(await listed()).toEqual([null, 'Ada', undefined, undefined]);
  });

  it('are erased where they stand, with a mark of what is left and nothing that commits to a name', async () => {
    const replaced: RecordedEvent[] = [];
    const replace = (event: RecordedEvent) => Promise.resolve(void replaced.push(event));
    expect(await new PublicNames({ store, feed, replace }).erase('code-1')).toBe(0);
    expect(replaced).toEqual([
      expect.objectContaining({
        ...{ stream: STREAM, revision: 0, type: 'access_code.name_changed' },
        data: expect.objectContaining({ from: { name: null }, to: { name: null } }) as unknown,
      }),
    ]);
    const [event] = replaced;
    expect(event!.metadata).not.toHaveProperty('salt');
    expect(event).toEqual(store.marked(event!));
  });

  it('are counted where the event store has no way to change an event', async () => {
    const names = new PublicNames({ store, feed });
    expect([await names.erase('code-1'), await names.erase('code-3')]).toEqual([1, 0]);
  });
});
