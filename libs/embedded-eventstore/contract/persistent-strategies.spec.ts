import {
  type ConsumerStrategy,
  DISPATCH_TO_SINGLE,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  PINNED,
  ROUND_ROBIN,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { acknowledge, Consumer, keep, type OnMessage } from './support/consumers';
import { newStream, numbered, numberedFrom, range } from './support/events';
import { useTarget } from './support/target';

describe('the strategies of a persistent subscription', () => {
  const target = useTarget();
  const group = 'group';

  async function groupOf(
    consumerStrategyName: ConsumerStrategy,
    consumers: number,
    onMessage: OnMessage = acknowledge,
  ): Promise<{ stream: string; members: Consumer[] }> {
    const stream = newStream(consumerStrategyName);
    await target().client.createPersistentSubscriptionToStream(
      stream,
      group,
      persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, consumerStrategyName }),
    );
    const members: Consumer[] = [];
    for (let i = 0; i < consumers; i += 1) {
      members.push(await Consumer.join(target().client, { stream, group }, onMessage));
    }
    return { stream, members };
  }
  const received = (members: Consumer[]) => members.flatMap((member) => member.numbers).sort((a, b) => a - b);
  async function all(members: Consumer[], count: number): Promise<void> {
    await Promise.race(
      members.map((member) =>
        member.until(() => received(members).length >= count, `${count} messages in all`),
      ),
    );
  }
  const close = (members: Consumer[]) => Promise.all(members.map((member) => member.close()));

  it('round robin gives each consumer its share', async () => {
    const { stream, members } = await groupOf(ROUND_ROBIN, 3);

    for (const n of range(30)) await target().client.appendToStream(stream, numbered(n));
    await all(members, 30);

    expect(received(members)).toEqual(range(30));
    expect(members.map((member) => member.items.length)).toEqual([10, 10, 10]);
    await close(members);
  });

  it('round robin passes over a consumer that is full', async () => {
    const { stream, members } = await groupOf(ROUND_ROBIN, 1, keep);
    const eager = await Consumer.join(target().client, { stream, group });

    await target().client.appendToStream(stream, numberedFrom(0, 60));
    await all([...members, eager], 60);

    expect(members[0]!.items).toHaveLength(10);
    expect(received([...members, eager])).toEqual(range(60));
    await close([...members, eager]);
  });

  it('dispatch to single keeps to one consumer while it has room', async () => {
    const { stream, members } = await groupOf(DISPATCH_TO_SINGLE, 3);

    for (const n of range(12)) {
      await target().client.appendToStream(stream, numbered(n));
      await all(members, n + 1);
    }

    expect(members.map((member) => member.items.length).sort()).toEqual([0, 0, 12]);
    await close(members);
  });

  it('dispatch to single goes to the next when the first is full or gone', async () => {
    const { stream, members } = await groupOf(DISPATCH_TO_SINGLE, 2, keep);

    await target().client.appendToStream(stream, numberedFrom(0, 15));
    await all(members, 15);

    expect(members.map((member) => member.items.length).sort((a, b) => a - b)).toEqual([5, 10]);
    const [busy, other] = [...members].sort((a, b) => b.items.length - a.items.length) as [
      Consumer,
      Consumer,
    ];
    await other.subscription.ack(...other.items);
    await busy.close();
    await other.atLeast(15);
    expect(received([other])).toEqual(range(15));
    await other.close();
  });

  it('pinned keeps the events of a stream with one consumer', async () => {
    const prefix = newStream('pinned');
    const allGroup = newStream('pinned-group');
    await target().client.createPersistentSubscriptionToAll(
      allGroup,
      persistentSubscriptionToAllSettingsFromDefaults({
        startFrom: START,
        consumerStrategyName: PINNED,
      }),
      { filter: streamNameFilter({ prefixes: [prefix] }) },
    );
    const members = [
      await Consumer.join(target().client, { group: allGroup }),
      await Consumer.join(target().client, { group: allGroup }),
      await Consumer.join(target().client, { group: allGroup }),
    ];

    for (const n of range(5)) {
      for (const stream of range(12)) {
        await target().client.appendToStream(`${prefix}-${stream}`, numbered(n));
      }
    }
    await all(members, 60);

    for (const stream of range(12)) {
      const holders = members.filter((member) =>
        member.items.some(({ event }) => event!.streamId === `${prefix}-${stream}`),
      );
      expect(holders).toHaveLength(1);
      const numbers = holders[0]!.items
        .filter(({ event }) => event!.streamId === `${prefix}-${stream}`)
        .map(({ event }) => (event!.data as { n: number }).n);
      expect(numbers).toEqual(range(5));
    }
    expect(members.filter((member) => member.items.length > 0).length).toBeGreaterThan(1);
    await close(members);
  });

  it('pinned gives a newcomer its share while the others are busy', async () => {
    const prefix = newStream('pinned-newcomer');
    const group = newStream('pinned-newcomer-group');
    await target().client.createPersistentSubscriptionToAll(
      group,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, consumerStrategyName: PINNED }),
      { filter: streamNameFilter({ prefixes: [prefix] }) },
    );
    const first = await Consumer.join(target().client, { group, bufferSize: 100 }, keep);
    for (const stream of range(20)) await target().client.appendToStream(`${prefix}-${stream}`, numbered(0));
    await first.atLeast(20);

    const second = await Consumer.join(target().client, { group, bufferSize: 100 });
    for (const stream of range(20)) await target().client.appendToStream(`${prefix}-${stream}`, numbered(1));
    await all([first, second], 40);

    expect(second.items.length).toBeGreaterThanOrEqual(8);
    expect(second.items.length).toBeLessThanOrEqual(12);
    await close([first, second]);
  });
});
