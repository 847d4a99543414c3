import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode } from '../node/node-options';
import { startNode } from '../node/start-node';
import { scavengeAsOwner } from '../operations/scavenge-as-owner';
import { DamagedEvent } from '../storage/checksum';
import { openDatabase } from '../storage/database';
import { EventLog } from '../storage/event-log';
import { STORED_TOMBSTONE_REVISION, type StoredEvent, TOMBSTONE_REVISION } from '../storage/stored-event';
import { decodePage, encodePage, type HistoryEvent, type HistoryPage } from './history-page';
import { readHistory, StreamHistory } from './read-history';

describe('a page of history', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const bytes = fc.uint8Array({ maxLength: 50 });
  const number = fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 });
  const event = fc.record({
    ...{
      position: number,
      streamId: fc.nat(),
      stream: text,
      created: number,
      type: text,
      isJson: fc.boolean(),
    },
    ...{ revision: fc.oneof(number, fc.constant(STORED_TOMBSTONE_REVISION)), data: bytes, metadata: bytes },
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(event), number, (events: StoredEvent[], upTo) => {
        const page = decodePage(encodePage(events, upTo));
        expect(page.upTo).toBe(upTo);
        expect(page.events.map(plain)).toEqual(
          events.map(({ streamId: _, ...each }) => ({
            ...each,
            id: Buffer.from(each.id).toString('hex'),
            revision:
              each.revision === STORED_TOMBSTONE_REVISION ? Number(TOMBSTONE_REVISION) : each.revision,
            data: [...each.data],
            metadata: [...each.metadata],
          })),
        );
      }),
    );
  });

  it('is refused when it ends within an event', () => {
    const whole = encodePage([{ ...SOME, data: Buffer.from('{}') }], 7);
    expect(() => decodePage(whole.subarray(0, -1))).toThrow(RangeError);
  });
});

const SOME: StoredEvent = {
  ...{ position: 7, streamId: 1, stream: 's', revision: 0, created: 1, type: 't', isJson: true },
  ...{ id: randomBytes(16), data: Buffer.alloc(0), metadata: Buffer.alloc(0) },
};

const plain = (event: HistoryEvent) => {
  const { position, revision, stream, created, type, isJson } = event;
  const [data, metadata] = [[...event.data], [...event.metadata]];
  expect(Buffer.from(data).toString('utf8')).toBe(event.dataText);
  expect(Buffer.from(metadata).toString('utf8')).toBe(event.metadataText);
  return {
    ...{ position, revision, stream, created, type, isJson, data, metadata },
    id: event.id.replaceAll('-', ''),
  };
};

describe('the history of a private node', () => {
  let folder: string;
  let node: RunningNode;
  let client: EventStoreDBClient;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eventstore-history-'));
    await begin();
  });
  afterEach(() => jest.useRealTimers());
  afterAll(async () => {
    await end();
    rmSync(folder, { recursive: true });
  });
  const begin = async () => {
    node = await startNode({ dataDir: folder, access: 'private', port: 0 });
    client = new EventStoreDBClient({ endpoint: node.connectionString }, { insecure: true });
  };
  const end = async () => {
    await client.dispose();
    await node.close();
  };
  const append = (stream: string, ...texts: string[]) =>
    client.appendToStream(
      stream,
      texts.map((text) => jsonEvent({ type: 'Said', data: { text }, metadata: { by: 'é' } })),
    );
  const pages = async (after = 0, prefixes = ['one-', 'two-']): Promise<HistoryPage[]> => {
    const read: HistoryPage[] = [];
    for await (const page of readHistory(node.connectionString, { after, prefixes })) read.push(page);
    return read;
  };
  const said = (read: readonly HistoryPage[]) =>
    read.flatMap(({ events }) =>
      events.map(({ stream, revision, data }) => [
        stream,
        revision,
        (JSON.parse(data.toString('utf8')) as { text: string }).text.slice(0, 5),
      ]),
    );

  it('is what a read of all streams shows, in order, of the streams that are asked for', async () => {
    await append('one-a', 'first', 'then');
    await append('other-b', 'never');
    await append('two-é', 'last');
    await append('one-a', 'again');

    const read = await pages();
    const events = read.flatMap((page) => page.events);

    const shown = [];
    for await (const { event } of client.readAll())
      if (event && /^(one|two)-/.test(event.streamId)) shown.push(event);
    expect(shown).toHaveLength(4);
    expect(
      events.map((event) => ({
        ...{ id: event.id, type: event.type, streamId: event.stream, isJson: event.isJson },
        ...{ revision: BigInt(event.revision), created: new Date(event.created) },
        position: { commit: BigInt(event.position), prepare: BigInt(event.position) },
        data: JSON.parse(event.data.toString('utf8')) as unknown,
        metadata: JSON.parse(event.metadata.toString('utf8')) as unknown,
      })),
    ).toEqual(shown);
    // It ends where the log does, whatever stands there.
    expect(read.at(-1)!.upTo).toBeGreaterThanOrEqual(events.at(-1)!.position);
  });

  it('goes on after a position', async () => {
    const [first, ...rest] = (await pages()).flatMap((page) => page.events);
    const later = (await pages(first!.position)).flatMap((page) => page.events);
    expect(later.map(plain)).toEqual(rest.map(plain));
    expect(await pages((await pages()).at(-1)!.upTo)).toEqual([]);
  });

  it('comes in pages, over events that are larger than one', async () => {
    const before = (await pages()).at(-1)!.upTo;
    for (const letter of ['a', 'b', 'c']) await append('one-large', letter.repeat(700_000));
    const read = await pages(before);
    expect(said(read)).toEqual([
      ['one-large', 0, 'aaaaa'],
      ['one-large', 1, 'bbbbb'],
      ['one-large', 2, 'ccccc'],
    ]);
    expect(read.length).toBeGreaterThan(2);
  });

  it('has what survived a scavenge, and passes over what did not', async () => {
    const before = (await pages()).at(-1)!.upTo;
    for (let n = 0; n < 8; n++) await append('two-gone', String(n).repeat(600_000));
    await append('one-kept', 'stays');
    await client.deleteStream('two-gone');
    await scavengeAsOwner(node.connectionString);
    expect(said(await pages(before))).toEqual([['one-kept', 0, 'stays']]);
  }, 30_000);

  it('may be left early', async () => {
    for await (const page of readHistory(node.connectionString, { after: 0, prefixes: ['one-'] })) {
      expect(page.events.length).toBeGreaterThan(0);
      break;
    }
    await append('one-a', 'after');
    expect(said(await pages()).at(-1)).toEqual(['one-a', 3, 'after']);
  });

  it('is refused to a request that makes no sense', async () => {
    for (const after of [-1, 0.5, NaN]) await expect(pages(after)).rejects.toMatchObject({ code: 3 });
  });

  it('of one stream is refused to a request that makes no sense, and empty where there is no such stream', async () => {
    const streams = new StreamHistory(node.connectionString);
    const read = async (stream: string, fromRevision: number) => {
      const events: HistoryPage[] = [];
      for await (const page of streams.pages({ stream, fromRevision })) events.push(page);
      return said(events);
    };
    await append('one-alone', 'hello', 'there');
    expect(await read('one-alone', 1)).toEqual([['one-alone', 1, 'there']]);
    expect([await read('one-alone', 2), await read('absent', 0)]).toEqual([[], []]);
    for (const from of [-1, 0.5]) await expect(read('one-alone', from)).rejects.toMatchObject({ code: 3 });
    await client.deleteStream('one-alone');
    expect(await read('one-alone', 0)).toEqual([]);
    streams.close();
  });

  it('is given up when the node is silent', async () => {
    const connections: Socket[] = [];
    const path = join(folder, 'silent.sock');
    const silent = createServer((socket) => connections.push(socket)).listen(path);
    const read = readHistory(`unix:${path}`, { after: 0, prefixes: [''] }, 50);
    await expect(read[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 1 });
    for (const each of connections) each.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('is not given up while one who reads it takes long for a page', async () => {
    const all = said(await pages()).length;
    const request = { after: 0, prefixes: ['one-', 'two-'] };
    let read = 0;
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
    for await (const { events } of readHistory(node.connectionString, request, 1_000)) {
      read += events.length;
      jest.advanceTimersByTime(1_200);
    }
    expect(read).toBe(all);
  });

  it('is not offered to anybody but the owner', async () => {
    const other = await startNode({ dataDir: ':memory:', access: 'insecure', port: 0 });
    const asked = readHistory(`127.0.0.1:${other.port}`, { after: 0, prefixes: [''] });
    await expect(asked[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 12 });
    await other.close();
  });
});

it('stops at an event that is damaged', () => {
  const db = openDatabase(':memory:');
  const log = new EventLog(db, () => 1);
  log.transact(() => log.append('one-a', [SOME]));
  expect(log.between(0, log.lastPosition, ['one-'])).toHaveLength(1);
  db.exec(`UPDATE events_0 SET metadata = x'01'`);
  expect(() => log.between(0, log.lastPosition, ['one-'])).toThrow(DamagedEvent);
});
