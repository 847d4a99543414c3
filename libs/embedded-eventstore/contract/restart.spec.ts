import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventStoreDBClient,
  NO_STREAM,
  PARK,
  persistentSubscriptionToStreamSettingsFromDefaults as settings,
  START,
} from '@eventstore/db-client';
import { type SpawnedNode, spawnNode } from '../src';
import { collect, eventually, Inbox } from './support/collect';
import { acknowledge, Consumer } from './support/consumers';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';

// Only the embedded node can be stopped and started by this suite.
describe.each([
  ['a restart', (node: SpawnedNode) => node.close()],
  [
    'kill -9',
    async (node: SpawnedNode) => {
      process.kill(node.pid, 'SIGKILL');
      await node.exited;
    },
  ],
])('what survives %s of the embedded node', (_, end) => {
  let dataDir: string;
  let node: SpawnedNode;
  let clients: EventStoreDBClient[];

  beforeEach(async () => {
    clients = [];
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-restart-'));
    node = await spawnNode({ dataDir, port: 0 });
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.dispose()));
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  function connect(): EventStoreDBClient {
    const client = EventStoreDBClient.connectionString(node.connectionString);
    clients.push(client);
    return client;
  }

  /** Ends the node in the way under test and starts another on the same folder. */
  async function again(): Promise<EventStoreDBClient> {
    await end(node);
    node = await spawnNode({ dataDir, port: 0 });
    return connect();
  }

  it('events, their order and positions, metadata, deletions and tombstones', async () => {
    const [kept, truncated, deleted, gone] = ['kept', 'truncated', 'deleted', 'gone'].map(newStream) as [
      string,
      string,
      string,
      string,
    ];
    const before = connect();
    for (const stream of [kept, truncated, deleted, gone]) {
      await before.appendToStream(stream, numberedFrom(0, 4));
    }
    await before.setStreamMetadata(truncated, { truncateBefore: 2, owner: 'me' });
    await before.deleteStream(deleted);
    await before.tombstoneStream(gone);
    const all = await collect(before.readAll());

    const after = await again();

    expect(await collect(after.readAll())).toEqual(all);
    expect(numbersOf(await collect(after.readStream(kept)))).toEqual(range(4));
    expect(numbersOf(await collect(after.readStream(truncated)))).toEqual([2, 3]);
    expect((await after.getStreamMetadata(truncated)).metadata).toMatchObject({ owner: 'me' });
    await expect(collect(after.readStream(deleted))).rejects.toThrow('not found');
    await expect(collect(after.readStream(gone))).rejects.toMatchObject({ type: 'stream-deleted' });
    const next = await after.appendToStream(deleted, numbered(4), { expectedRevision: NO_STREAM });
    expect(next.nextExpectedRevision).toBe(4n);
    expect(next.position!.commit).toBeGreaterThan(all.at(-1)!.event!.position.commit);
  });

  it('that an append was made, when it is repeated', async () => {
    const stream = newStream('repeated');
    const events = numberedFrom(0, 3);
    const first = await connect().appendToStream(stream, events);

    const after = await again();
    const repeated = await after.appendToStream(stream, events);

    expect(repeated).toEqual(first);
    expect(await collect(after.readStream(stream))).toHaveLength(3);
  });

  it('the place of a subscriber that comes back with its position', async () => {
    const stream = newStream('resumed');
    const before = connect();
    await before.appendToStream(stream, numberedFrom(0, 10));
    const first = new Inbox(before.subscribeToStream(stream, { fromRevision: START }));
    await first.atLeast(5);
    const place = first.items[4]!.event!.revision;

    const after = await again();
    await first.failure();
    const second = new Inbox(after.subscribeToStream(stream, { fromRevision: place }));
    await after.appendToStream(stream, numbered(10));

    expect(numbersOf(await second.atLeast(6))).toEqual([5, 6, 7, 8, 9, 10]);
    await second.close();
  });

  it('persistent subscriptions: definition, checkpoint and parked messages', async () => {
    const [stream, group] = [newStream('consumed'), 'group'];
    const before = connect();
    await before.appendToStream(stream, numberedFrom(0, 10));
    const given = settings({ startFrom: START, checkPointUpperBound: 1, maxRetryCount: 4 });
    await before.createPersistentSubscriptionToStream(stream, group, given);
    const infoOf = (client: EventStoreDBClient) =>
      client.getPersistentSubscriptionToStreamInfo(stream, group);
    const first = await Consumer.join(before, { stream, group }, (me, event) => {
      if (event.event!.revision === 3n) void me.subscription.nack(PARK, 'poison', event);
      else acknowledge(me, event);
    });
    await first.atLeast(10);
    await eventually(
      () => infoOf(before),
      ({ stats }) => stats.parkedMessageCount === 1n && stats.lastCheckpointedEventRevision === 9n,
    );
    // The checkpoint is told when it is decided; an append that is answered came after it.
    await before.appendToStream(stream, numbered(10));
    await first.atLeast(11);

    const after = await again();

    const info = await infoOf(after);
    expect(info.settings).toEqual(given);
    expect(info.stats.parkedMessageCount).toBe(1n);
    await after.appendToStream(stream, numbered(11));
    const second = await Consumer.join(after, { stream, group });
    await second.until(() => second.numbers.includes(11), 'the new message');
    expect(second.numbers[0]).toBeGreaterThanOrEqual(10);
    await after.replayParkedMessagesToStream(stream, group);
    await second.until(() => second.numbers.includes(3), 'the parked message');
    await eventually(
      () => infoOf(after),
      ({ stats }) => stats.parkedMessageCount === 0n,
    );
    await second.close();
  });

  it('messages that were delivered and not acknowledged, which come again', async () => {
    const [stream, group] = [newStream('unanswered'), 'group'];
    const before = connect();
    await before.appendToStream(stream, numberedFrom(0, 5));
    await before.createPersistentSubscriptionToStream(
      stream,
      group,
      settings({ startFrom: START, checkPointUpperBound: 1 }),
    );
    const first = await Consumer.join(before, { stream, group }, (me, event) => {
      if (event.event!.revision < 2n) acknowledge(me, event);
    });
    await first.atLeast(5);
    await eventually(
      () => before.getPersistentSubscriptionToStreamInfo(stream, group),
      ({ stats }) => stats.lastCheckpointedEventRevision === 1n,
    );

    const after = await again();
    const second = await Consumer.join(after, { stream, group });

    await second.until(() => second.numbers.includes(4), 'the last message');
    expect(second.numbers).toEqual(expect.arrayContaining([2, 3, 4]));
    await second.close();
  });
});
