import {
  EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { TcpProxy, until } from '@latchkey/platform';
import { Consumer, keep } from '../../contract/support/consumers';
import { startNode } from '../node/start-node';

const event = (n: number) => jsonEvent({ type: 'Counted', data: { n } });

describe('a consumer whose connection dies without notice', () => {
  it('loses its seat and what it had in flight to the next one', async () => {
    const node = await startNode({
      dataDir: ':memory:',
      port: 0,
      access: 'insecure',
      keepAlive: { interval: 200, timeout: 200 },
    });
    const proxy = await TcpProxy.to(node.port);
    const cutOff = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    const client = EventStoreDBClient.connectionString(node.connectionString);
    await client.createPersistentSubscriptionToStream(
      'count',
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, maxSubscriberCount: 1 }),
    );
    const first = await Consumer.join(cutOff, { stream: 'count', group: 'group' }, keep);
    await client.appendToStream('count', [event(0), event(1)]);
    await first.atLeast(2);

    proxy.freeze();
    let second: Consumer | undefined;
    while (!second) {
      second = await Consumer.join(client, { stream: 'count', group: 'group' }).catch(() => undefined);
    }

    await second.atLeast(2);
    expect(second.numbers).toEqual([0, 1]);
    await second.close();
    await client.dispose();
    await proxy.close();
    await cutOff.dispose();
    await node.close();
  }, 20_000);

  it('is left alone as long as it answers, whether or not there is anything to say', async () => {
    const node = await startNode({
      dataDir: ':memory:',
      port: 0,
      access: 'insecure',
      keepAlive: { interval: 50, timeout: 1000 },
    });
    const proxy = await TcpProxy.to(node.port);
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${proxy.port}?tls=false`);
    await client.createPersistentSubscriptionToStream(
      'count',
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );
    const consumer = await Consumer.join(client, { stream: 'count', group: 'group' });
    // Only pings, and their answers, pass over a connection on which nothing is said: some of each.
    const before = proxy.pieces;
    await until(() => proxy.pieces >= before + 14, { within: 10_000 });
    await client.appendToStream('count', event(7));
    await consumer.atLeast(1);

    expect(consumer.numbers).toEqual([7]);
    expect(proxy.accepted).toBe(1);
    await consumer.close();
    await client.dispose();
    await proxy.close();
    await node.close();
  }, 20_000);
});
