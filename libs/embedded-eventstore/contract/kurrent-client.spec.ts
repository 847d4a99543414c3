import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  jsonEvent,
  KurrentDBClient,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@kurrent/kurrentdb-client';
import { spawnNode } from '../src/node/spawn-node';
import { collect, Inbox } from './support/collect';
import { newStream, range } from './support/names';

describe('the newer client, @kurrent/kurrentdb-client', () => {
  let client: KurrentDBClient;
  let stop = async (): Promise<void> => {};

  // The stubs of both clients register themselves under the same global names, so that only one
  // of them can be loaded in a process: the node runs in another one here.
  beforeAll(async () => {
    let connectionString = process.env.EVENTSTORE_TEST_URL ?? '';
    if (connectionString === '') {
      const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-kurrent-'));
      const node = await spawnNode({ dataDir, port: 0, access: 'insecure' });
      connectionString = node.connectionString;
      stop = async () => {
        await node.close();
        await rm(dataDir, { recursive: true, force: true });
      };
    }
    client = KurrentDBClient.connectionString(connectionString.replace(/^esdb/, 'kurrentdb'));
  });
  afterAll(async () => {
    await client.dispose();
    await stop();
  });

  const events = (from: number, count: number) =>
    range(count).map((i) => jsonEvent({ type: 'Numbered', data: { n: from + i } }));
  const numbers = (received: { event?: { data: unknown } }[]) =>
    received.map(({ event }) => (event!.data as { n: number }).n);

  it('appends and reads', async () => {
    const stream = newStream('kurrent');

    const result = await client.appendToStream(stream, events(0, 3), { streamState: 'no_stream' });
    const read = await collect(client.readStream(stream));

    expect(result).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(numbers(read)).toEqual([0, 1, 2]);
  });

  it('reads $all', async () => {
    const read = await collect(client.readAll({ maxCount: 5 }));

    expect(read.length).toBeGreaterThan(0);
  });

  it('is told of a wrong expectation', async () => {
    const stream = newStream('kurrent-wrong');
    await client.appendToStream(stream, events(0, 2));

    await expect(client.appendToStream(stream, events(2, 1), { streamState: 7n })).rejects.toMatchObject({
      type: 'wrong-expected-version',
    });
  });

  it('subscribes to a stream and to $all', async () => {
    const stream = newStream('kurrent-subscribed');
    const { position } = await client.appendToStream(stream, events(0, 2));
    const toStream = new Inbox(client.subscribeToStream(stream, { fromRevision: START }));
    const toAll = new Inbox(client.subscribeToAll({ fromPosition: position! }));
    await toStream.atLeast(2);
    await toAll.confirmation();

    await client.appendToStream(stream, events(2, 2));

    expect(numbers(await toStream.atLeast(4))).toEqual([0, 1, 2, 3]);
    expect(numbers(await toAll.atLeast(2))).toEqual([2, 3]);
    await Promise.all([toStream.close(), toAll.close()]);
  });

  it('consumes a persistent subscription and acknowledges', async () => {
    const stream = newStream('kurrent-consumed');
    await client.appendToStream(stream, events(0, 3));
    await client.createPersistentSubscriptionToStream(
      stream,
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );

    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, 'group');
    const inbox = new Inbox(subscription, (event) => void subscription.ack(event));
    await inbox.atLeast(3);
    await client.appendToStream(stream, events(3, 1));

    expect(numbers(await inbox.atLeast(4))).toEqual([0, 1, 2, 3]);
    await inbox.close();
  });
});
