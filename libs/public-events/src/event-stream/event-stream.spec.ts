import { InMemoryEventStore, type Projected, projected } from '@latchkey/event-sourcing';
import { SandboxClock, until } from '@latchkey/platform';
import fc from 'fast-check';
import { FeedHistory } from '../feed/feed-history';
import { FeedProjection, type FeedTables } from '../feed/feed-projection';
import { FeedTail } from '../feed/feed-tail';
import type { EventFilter } from '../feed/queries';
import { publicStreamOf } from '../public-event';
import { type PublicEvent, PublicStreams } from '../translator/public-stream';
import { EventStream, STREAM_PACE, type StreamPace } from './event-stream';
import { ServerSentEvents } from './server-sent-events';

const WORKSPACE = 'workspace-1';
const NOW = Date.UTC(2030, 0, 1);

let store: InMemoryEventStore;
let feed: Projected<FeedTables>;
let tail: FeedTail;
let told: number;
const clients: ServerSentEvents[] = [];
beforeEach(async () => {
  store = new InMemoryEventStore();
  tail = new FeedTail();
  told = 0;
  feed = await projected<FeedTables>({
    ...{ store, clock: new SandboxClock({ now: NOW, running: false }), on: 'memory' },
    projections: [new FeedProjection((events) => tail.take(events))],
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.body.destroy();
  await feed.close();
});

/** Tells events of types in turn; `size` characters of each are padding. */
async function tell(count: number, { size = 10, type = 'access_code.created' } = {}): Promise<void> {
  const events = Array.from({ length: count }, (): PublicEvent => {
    const n = ++told;
    const id = `event-${n}`;
    const at = new Date(NOW).toISOString();
    const body = { event_id: id, event_type: type, workspace_id: WORKSPACE, created_at: at, occurred_at: at };
    return {
      ...{ id, type, data: { ...body, padding: 'x'.repeat(size) } },
      metadata: {
        ...{ $correlationId: 'r', $causationId: 'r', actor: { type: 'system' }, workspaceId: WORKSPACE },
        ...{ schemaVersion: 1, occurredAt: at, sourcePosition: `${n}/${n}` },
      },
    };
  });
  await new PublicStreams(store).append(publicStreamOf(WORKSPACE), events);
}

/** A client that listens: what it has taken, as text. */
function listen(
  options: {
    after?: number;
    filter?: EventFilter;
    pace?: Partial<StreamPace>;
    isAllowed?: () => Promise<boolean>;
    reads?: boolean;
  } = {},
) {
  const { after = -1, filter = {}, isAllowed = () => Promise.resolve(true), reads = true } = options;
  const out = new ServerSentEvents();
  clients.push(out);
  const pace = { ...STREAM_PACE, ...options.pace };
  const wanted = { ...{ workspaceId: WORKSPACE, filter, after }, isAllowed };
  const stream = new EventStream(wanted, out, new FeedHistory(feed.database), pace);
  let text = '';
  out.body.setEncoding('utf8');
  const read = () => out.body.on('data', (piece: string) => (text += piece));
  if (reads) read();
  const over = stream.run(tail);
  const ids = () => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]!);
  return { out, stream, over, read, ids, text: () => text };
}

const named = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `event-${from + n}`);

test(
  'what was there and what comes while it is read follow each other, each event once and in order',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1_200 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (before, bursts, mostWaiting) => {
          const first = told;
          const after = first - 1;
          await tell(before);
          const client = listen({ after, pace: { mostWaiting } });
          for (const burst of bursts) await tell(burst);
          await until(() => client.ids().length >= told - first);
          client.stream.stop('service_unavailable');
          await client.over;
          expect(client.ids()).toEqual(named(first + 1, told));
        },
      ),
      { numRuns: 15 },
    ),
  60_000,
);

test('a filter lets the same events through whether they are read or come as they happen', async () => {
  await tell(3);
  await tell(2, { type: 'device.connected' });
  const client = listen({ filter: { eventTypes: ['device.connected'] } });
  await until(() => client.ids().length === 2);
  await tell(3);
  await tell(1, { type: 'device.connected' });
  await until(() => client.ids().length === 3);
  expect(client.ids()).toEqual(['event-4', 'event-5', 'event-9']);
});

test('nothing happens: a heartbeat keeps the connection', async () => {
  const client = listen({ pace: { heartbeatEvery: 10 } });
  await until(() => client.text().split(': heartbeat').length > 2);
  expect(client.ids()).toEqual([]);
});

test('a client that takes nothing is ended with a word, and holds no more than a page in memory', async () => {
  const client = listen({ reads: false, pace: { takesWithin: 50 } });
  await tell(3_000, { size: 1_000 });
  await client.over;
  // A page of 500 events, not 3,000 of them.
  expect(client.out.body.readableLength).toBeLessThan(900_000);
  client.read();
  await until(() => client.text().includes('stream_ended'));
  expect(client.text()).toMatch(/event: stream_ended\ndata: \{"type":"too_slow"/);
  const had = client.ids().length;
  expect(client.ids()).toEqual(named(1, had));
  // It comes again after the last event, and misses none.
  const again = listen({ after: had - 1 });
  await until(() => again.ids().length === 3_000 - had);
  expect(again.ids()).toEqual(named(had + 1, 3_000));
}, 30_000);

test('a key that is not good any more ends it before the next event', async () => {
  let allowed = true;
  const client = listen({ isAllowed: () => Promise.resolve(allowed), pace: { allowedFor: 0 } });
  await tell(1);
  await until(() => client.ids().length === 1);
  allowed = false;
  await tell(1);
  await client.over;
  await until(() => client.text().includes('stream_ended'));
  expect(client.ids()).toEqual(['event-1']);
  expect(client.text()).toContain('"type":"unauthorized"');
});

test('a client that goes away leaves nothing behind', async () => {
  const client = listen();
  await tell(1);
  await until(() => client.ids().length === 1);
  client.out.body.destroy();
  await client.over;
  expect(Reflect.get(tail, 'listeners')).toEqual(new Map());
});
