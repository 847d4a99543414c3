import { EventStoreDBClient, binaryEvent, jsonEvent } from '@eventstore/db-client';
import { readHistory, type RunningNode, startNode, StreamHistory } from '@latchkey/embedded-eventstore';
import {
  EventStoreDb,
  type EventSubscription,
  type Position,
  type RecordedEvent,
  type SubscribeOptions,
} from '@latchkey/event-sourcing';
import { until } from '@latchkey/platform';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PagedHistory, type ReadPages, type ReadStreamPages } from './paged-history';

describe('history that is read in pages', () => {
  let folder: string;
  let node: RunningNode;
  let store: EventStoreDb;
  let client: EventStoreDBClient;
  let pages: ReadPages;
  let streams: StreamHistory;
  const streamPages: ReadStreamPages = (request) => streams.pages(request);
  let following: EventSubscription | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-paged-'));
    node = await startNode({ dataDir: folder, access: 'private' });
    store = new EventStoreDb(node.connectionString);
    client = new EventStoreDBClient({ endpoint: node.connectionString }, { insecure: true });
    pages = (request) => readHistory(node.connectionString, request);
    streams = new StreamHistory(node.connectionString);
    for (let n = 0; n < 30; n++) await append(`kept-${n % 3}`, n);
    await append('other-1', 1);
    await client.appendToStream('kept-4', [
      binaryEvent({ type: 'Bytes', data: new Uint8Array([1, 2]), metadata: new Uint8Array([255]) }),
      jsonEvent({ type: 'Bare', data: 'text' as never }),
    ]);
  });
  afterEach(() => following?.stop());
  afterAll(async () => {
    streams.close();
    await client.dispose();
    await store.close();
    await node.close();
    rmSync(folder, { recursive: true });
  });
  const append = (stream: string, n: number) =>
    client.appendToStream(stream, jsonEvent({ type: 'Counted', data: { n }, metadata: { é: n } }));

  interface Heard {
    readonly events: RecordedEvent[];
    readonly batches: number[];
    readonly errors: unknown[];
    checkpoint?: Position;
    caughtUp: number;
  }
  const follow = (
    over: Pick<EventStoreDb, 'subscribeToAll'>,
    more: Partial<SubscribeOptions> = {},
  ): Heard => {
    const heard: Heard = { events: [], batches: [], errors: [], caughtUp: 0 };
    following = over.subscribeToAll({
      ...{ after: undefined, prefixes: ['kept-', 'more-'], batch: () => 7 },
      onEvents: (events) => {
        heard.events.push(...events);
        heard.batches.push(events.length);
        return Promise.resolve();
      },
      onCheckpoint: (position) => {
        heard.checkpoint = position;
        return Promise.resolve();
      },
      onCaughtUp: () => heard.caughtUp++,
      onError: (error) => heard.errors.push(error),
      ...more,
    });
    return heard;
  };
  const caughtUp = async (heard: Heard): Promise<RecordedEvent[]> => {
    await until(() => heard.caughtUp > 0);
    return heard.events.map(({ written: _, ...event }) => event);
  };

  it('hands over what the protocol does, in batches, and then what happens', async () => {
    const plain = await caughtUp(follow(store));
    await following!.stop();
    expect(plain).toHaveLength(32);

    const heard = follow(new PagedHistory(store, pages, streamPages));
    expect(await caughtUp(heard)).toEqual(plain);
    expect(heard.batches).toEqual([7, 7, 7, 7, 4]);
    expect(heard.events[0]!.written).toEqual({ data: '{"n":0}', metadata: '{"é":0}' });
    expect(heard.events.at(-2)!.written).toBeUndefined();
    expect(heard.errors).toEqual([]);
    await append('more-1', 30);
    await until(() => heard.events.length === plain.length + 1);
    expect(heard.events.at(-1)!.data).toEqual({ n: 30 });
  });

  it('goes on after a position, and says how far nothing was there', async () => {
    const all = await caughtUp(follow(new PagedHistory(store, pages, streamPages)));
    await following!.stop();
    const from = all[20]!.position;
    expect(await caughtUp(follow(new PagedHistory(store, pages, streamPages), { after: from }))).toEqual(
      all.slice(21),
    );
    await following!.stop();
    const nothing = follow(new PagedHistory(store, pages, streamPages), { prefixes: ['absent-'] });
    await caughtUp(nothing);
    expect(nothing.checkpoint).toEqual(await store.ping());
  });

  it.each([0, 2])(
    'is followed by the protocol from where reading it failed, after %d pages',
    async (good) => {
      const failing: ReadPages = async function* (request) {
        let read = 0;
        // Pages of one event each.
        for await (const { events } of pages(request)) {
          for (const event of events) {
            if (read++ === good) throw new Error('broken');
            yield { events: [event], upTo: event.position };
          }
        }
      };
      const plain = await caughtUp(follow(store));
      await following!.stop();
      const heard = follow(new PagedHistory(store, failing, streamPages), { batch: () => 1 });
      expect(await caughtUp(heard)).toEqual(plain);
      expect(heard.errors).toEqual([new Error('broken')]);
    },
  );

  it('hands over again what was not taken, once', async () => {
    const plain = await caughtUp(follow(store));
    await following!.stop();
    let tries = 0;
    const taken: RecordedEvent[] = [];
    const heard = follow(new PagedHistory(store, pages, streamPages), {
      onEvents: (events) => {
        if (++tries === 2) return Promise.reject(new Error('not now'));
        taken.push(...events);
        return Promise.resolve();
      },
    });
    await caughtUp(heard);
    expect(taken.map(({ id }) => id)).toEqual(plain.map(({ id }) => id));
    expect(heard.errors).toEqual([new Error('not now')]);
  });

  it('ends when it is stopped in the middle', async () => {
    let taken = 0;
    const heard = follow(new PagedHistory(store, pages, streamPages), {
      onEvents: async (events) => {
        taken += events.length;
        void following!.stop();
        await Promise.resolve();
      },
    });
    await until(() => taken > 0);
    await following!.stop();
    expect([taken, heard.caughtUp]).toEqual([7, 0]);
  });

  const read = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> => {
    const all: RecordedEvent[] = [];
    for await (const { written: _, ...event } of events) all.push(event);
    return all;
  };

  it('reads a stream as the protocol does, from any revision, of which some may be hidden', async () => {
    const paged = new PagedHistory(store, pages, streamPages);
    await client.appendToStream(
      'hidden-1',
      Array.from({ length: 1_200 }, (_, n) => jsonEvent({ type: 'Counted', data: { n } })),
    );
    await store.truncateBefore('hidden-1', 3);
    for (const stream of ['kept-0', 'kept-4', 'hidden-1', 'absent-1']) {
      for (const from of [0, 2, 700, 5_000])
        expect(await read(paged.read(stream, from))).toEqual(await read(store.read(stream, from)));
      expect(await read(paged.read(stream, 1, 4))).toEqual(await read(store.read(stream, 1, 4)));
    }
    expect(await read(paged.read('hidden-1'))).toHaveLength(1_197);
  });

  it('reads the rest of a stream by the protocol where a page of it failed', async () => {
    const failing: ReadStreamPages = async function* (request) {
      for await (const { events, upTo } of streams.pages(request)) {
        yield { events: events.slice(0, 4), upTo };
        throw new Error('broken');
      }
    };
    const paged = new PagedHistory(store, pages, failing);
    expect(await read(paged.read('kept-1', 1))).toEqual(await read(store.read('kept-1', 1)));
  });
});
