import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AllStreamResolvedEvent,
  type AppendResult,
  EventStoreDBClient,
  NO_STREAM,
  PARK,
  persistentSubscriptionToStreamSettingsFromDefaults as settings,
  type ResolvedEvent,
  START,
} from '@eventstore/db-client';
import { type SpawnedNode, spawnNode } from '../src';
import { collect, eventually, Inbox } from './support/collect';
import { acknowledge, Consumer } from './support/consumers';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';

type Info = Awaited<ReturnType<EventStoreDBClient['getPersistentSubscriptionToStreamInfo']>>;

const [KEPT, TRUNCATED, DELETED, GONE] = ['kept', 'truncated', 'deleted', 'gone'].map(newStream) as [
  string,
  string,
  string,
  string,
];
const GROUP = 'group';
const GIVEN = settings({ startFrom: START, checkPointUpperBound: 1, maxRetryCount: 4 });

const infoOf = (client: EventStoreDBClient, stream: string): Promise<Info> =>
  client.getPersistentSubscriptionToStreamInfo(stream, GROUP);

/** A stream whose first events a consumer has acknowledged, with one parked if so asked. */
async function consumed(
  client: EventStoreDBClient,
  { acknowledged, parked }: { acknowledged: number; parked: boolean },
): Promise<string> {
  const stream = newStream('consumed');
  await client.appendToStream(stream, numberedFrom(0, 10));
  await client.createPersistentSubscriptionToStream(stream, GROUP, GIVEN);
  const consumer = await Consumer.join(client, { stream, group: GROUP }, (me, event) => {
    const { revision } = event.event!;
    if (parked && revision === 3n) void me.subscription.nack(PARK, 'poison', event);
    else if (revision < acknowledged) acknowledge(me, event);
  });
  await consumer.atLeast(10);
  await eventually(
    () => infoOf(client, stream),
    ({ stats }) =>
      stats.parkedMessageCount === (parked ? 1n : 0n) &&
      stats.lastCheckpointedEventRevision === BigInt(acknowledged - 1),
  );
  return stream;
}

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
  let before: EventStoreDBClient;
  let after: EventStoreDBClient;
  let all: AllStreamResolvedEvent[];
  const repeated = { stream: newStream('repeated'), events: numberedFrom(0, 3) };
  let firstAnswer: AppendResult;
  let subscriber: Inbox<ResolvedEvent>;
  let settled: string;
  let unanswered: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-restart-'));
    node = await spawnNode({ dataDir, port: 0, access: 'insecure' });
    before = EventStoreDBClient.connectionString(node.connectionString);
    for (const stream of [KEPT, TRUNCATED, DELETED, GONE]) {
      await before.appendToStream(stream, numberedFrom(0, 4));
    }
    await before.setStreamMetadata(TRUNCATED, { truncateBefore: 2, owner: 'me' });
    await before.deleteStream(DELETED);
    await before.tombstoneStream(GONE);
    firstAnswer = await before.appendToStream(repeated.stream, repeated.events);
    subscriber = new Inbox(before.subscribeToStream(KEPT, { fromRevision: START }));
    await subscriber.atLeast(4);
    settled = await consumed(before, { acknowledged: 10, parked: true });
    unanswered = await consumed(before, { acknowledged: 2, parked: false });
    // What is told of a checkpoint is written before this append is answered.
    await before.appendToStream(newStream('last'), numbered(0));
    all = await collect(before.readAll());

    await end(node);
    node = await spawnNode({ dataDir, port: 0, access: 'insecure' });
    after = EventStoreDBClient.connectionString(node.connectionString);
  });
  afterAll(async () => {
    await Promise.all([before.dispose(), after.dispose()]);
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('events, their order and positions', async () => {
    expect(await collect(after.readAll({ maxCount: all.length }))).toEqual(all);
    expect(numbersOf(await collect(after.readStream(KEPT)))).toEqual(range(4));
  });

  it('metadata, deletions and tombstones', async () => {
    expect(numbersOf(await collect(after.readStream(TRUNCATED)))).toEqual([2, 3]);
    expect((await after.getStreamMetadata(TRUNCATED)).metadata).toMatchObject({ owner: 'me' });
    await expect(collect(after.readStream(DELETED))).rejects.toThrow('not found');
    await expect(collect(after.readStream(GONE))).rejects.toMatchObject({ type: 'stream-deleted' });

    const next = await after.appendToStream(DELETED, numbered(4), { expectedRevision: NO_STREAM });

    expect(next.nextExpectedRevision).toBe(4n);
    expect(next.position!.commit).toBeGreaterThan(all.at(-1)!.event!.position.commit);
  });

  it('that an append was made, when it is repeated', async () => {
    expect(await after.appendToStream(repeated.stream, repeated.events)).toEqual(firstAnswer);
    expect(await collect(after.readStream(repeated.stream))).toHaveLength(3);
  });

  it('the place of a subscriber, which is told of the end and comes back', async () => {
    expect(await subscriber.failure()).toBeInstanceOf(Error);

    const resumed = new Inbox(after.subscribeToStream(KEPT, { fromRevision: 1n }));
    await after.appendToStream(KEPT, numbered(4));

    expect(numbersOf(await resumed.atLeast(3))).toEqual([2, 3, 4]);
    await resumed.close();
  });

  it('persistent subscriptions: definition, place and parked messages', async () => {
    const info = await infoOf(after, settled);
    expect(info.settings).toEqual(GIVEN);
    expect(info.stats.parkedMessageCount).toBe(1n);

    await after.appendToStream(settled, numbered(10));
    const consumer = await Consumer.join(after, { stream: settled, group: GROUP });
    await consumer.atLeast(1);
    await after.replayParkedMessagesToStream(settled, GROUP);
    await consumer.atLeast(2);

    expect(consumer.numbers).toEqual([10, 3]);
    await eventually(
      () => infoOf(after, settled),
      ({ stats }) => stats.parkedMessageCount === 0n,
    );
    await consumer.close();
  });

  it('messages that were delivered and not acknowledged, which come again', async () => {
    const consumer = await Consumer.join(after, { stream: unanswered, group: GROUP });

    await consumer.atLeast(8);
    expect(consumer.numbers).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    await consumer.close();
  });
});
