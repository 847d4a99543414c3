import {
  EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from '@latchkey/platform';
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
    const client = EventStoreDBClient.connectionString(node.connectionString);
    await client.createPersistentSubscriptionToStream(
      'count',
      'group',
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
    );
    const consumer = await Consumer.join(client, { stream: 'count', group: 'group' });
    // Real time: pings go by the machine's clock, and only the connection sees them.
    await delay(400);
    await client.appendToStream('count', event(7));
    await consumer.atLeast(1);

    expect(consumer.numbers).toEqual([7]);
    await consumer.close();
    await client.dispose();
    await node.close();
  }, 20_000);
});
