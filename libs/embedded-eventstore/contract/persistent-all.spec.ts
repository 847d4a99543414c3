import {
  END,
  eventTypeFilter,
  type Filter,
  PARK,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { eventually } from './support/collect';
import { acknowledge, Consumer } from './support/consumers';
import { newStream, numbered, numberedFrom, range } from './support/events';
import { useTarget } from './support/target';

type Settings = NonNullable<Parameters<typeof persistentSubscriptionToAllSettingsFromDefaults>[0]>;

describe('consuming a persistent subscription to $all', () => {
  const target = useTarget();
  const write = (stream: string, from: number, count = 1, type?: string) =>
    target().client.appendToStream(stream, numberedFrom(from, count, type));

  async function groupWith(changes: Settings, filter?: Filter): Promise<string> {
    const group = newStream('group');
    await target().client.createPersistentSubscriptionToAll(
      group,
      persistentSubscriptionToAllSettingsFromDefaults(changes),
      filter === undefined ? {} : { filter },
    );
    return group;
  }

  it.each([
    ['stream prefix', (name: string) => streamNameFilter({ prefixes: [`${name}-yes`] })],
    ['stream regex', (name: string) => streamNameFilter({ regex: `^${name}-y.s$` })],
    ['type prefix', (name: string) => eventTypeFilter({ prefixes: [`${name}-yes`] })],
    ['type regex', (name: string) => eventTypeFilter({ regex: `^${name}-y.s$` })],
  ])('delivers what meets a %s, old and new', async (_, filterFor) => {
    const name = newStream('filtered');
    const both = async (n: number) => {
      await write(`${name}-no`, n, 1, `${name}-no`);
      await write(`${name}-yes`, n, 1, `${name}-yes`);
    };
    await both(0);
    await both(1);
    const group = await groupWith({ startFrom: START }, filterFor(name));

    const consumer = await Consumer.join(target().client, { group });
    await consumer.atLeast(2);
    await both(2);

    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await consumer.close();
  });

  it('begins with the event at its position', async () => {
    const stream = newStream('positioned');
    await write(stream, 0);
    const { position } = await write(stream, 1);
    await write(stream, 2);

    const group = await groupWith({ startFrom: position! }, streamNameFilter({ prefixes: [stream] }));
    const consumer = await Consumer.join(target().client, { group });

    await consumer.atLeast(2);
    expect(consumer.numbers).toEqual([1, 2]);
    expect(consumer.items[0]!.event!.position).toEqual(position);
    await consumer.close();
  });

  it('from the end delivers what comes later, with no filter all of it', async () => {
    const stream = newStream('later');
    await write(stream, 0);
    const group = await groupWith({ startFrom: END });

    const consumer = await Consumer.join(target().client, { group });
    await write(stream, 1);
    await consumer.until(() => consumer.items.some(({ event }) => event!.streamId === stream), 'our event');

    const ours = consumer.items.filter(({ event }) => event!.streamId === stream);
    expect(ours.map(({ event }) => event!.revision)).toEqual([1n]);
    await consumer.close();
  });

  it('counts a checkpoint by what the filter passed over', async () => {
    const [wanted, other] = [newStream('wanted'), newStream('other')];
    const { position } = await write(other, 0);
    const group = await groupWith(
      { startFrom: position!, checkPointUpperBound: 20, checkPointLowerBound: 5, checkPointAfter: 100 },
      streamNameFilter({ prefixes: [wanted] }),
    );
    const consumer = await Consumer.join(target().client, { group });

    await write(other, 1, 60);
    const last = await write(other, 61);
    const info = await eventually(
      () => target().client.getPersistentSubscriptionToAllInfo(group),
      ({ stats }) => (stats.lastCheckpointedEventPosition?.commit ?? 0n) > position!.commit,
    );

    expect(info.stats.lastCheckpointedEventPosition!.commit).toBeLessThanOrEqual(last.position!.commit);
    await consumer.close();
  });

  it('parks, counts and replays like one on a stream', async () => {
    const stream = newStream('poisoned');
    const group = await groupWith({ startFrom: END }, streamNameFilter({ prefixes: [stream] }));
    let refusing = true;
    const consumer = await Consumer.join(target().client, { group }, (me, event) => {
      if (refusing && event.event!.revision === 1n) void me.subscription.nack(PARK, 'bad', event);
      else acknowledge(me, event);
    });
    await write(stream, 0, 3);
    await eventually(
      () => target().client.getPersistentSubscriptionToAllInfo(group),
      ({ stats }) => stats.parkedMessageCount === 1n,
    );
    refusing = false;

    await target().client.replayParkedMessagesToAll(group);

    await consumer.atLeast(4);
    expect(consumer.numbers).toEqual([0, 1, 2, 1]);
    await eventually(
      () => target().client.getPersistentSubscriptionToAllInfo(group),
      ({ stats }) => stats.parkedMessageCount === 0n,
    );
    await consumer.close();
  });

  it('misses nothing and doubles nothing while many streams are written', async () => {
    const prefix = newStream('many');
    const group = await groupWith(
      { startFrom: START, liveBufferSize: 20, historyBufferSize: 50, readBatchSize: 10 },
      streamNameFilter({ prefixes: [prefix] }),
    );
    const consumer = await Consumer.join(target().client, { group });

    await Promise.all(
      range(8).map(async (stream) => {
        for (const n of range(50)) {
          await target().client.appendToStream(`${prefix}-${stream}`, numbered(n));
        }
      }),
    );

    await consumer.atLeast(400);
    expect(consumer.items).toHaveLength(400);
    for (const stream of range(8)) {
      const numbers = consumer.items
        .filter(({ event }) => event!.streamId === `${prefix}-${stream}`)
        .map(({ event }) => (event!.data as { n: number }).n);
      expect(numbers).toEqual(range(50));
    }
    await consumer.close();
  });
});
