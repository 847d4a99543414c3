import {
  PARK,
  persistentSubscriptionToStreamSettingsFromDefaults as settings,
  START,
} from '@eventstore/db-client';
import { collect, eventually } from './support/collect';
import { acknowledge, Consumer } from './support/consumers';
import { newStream, numberedFrom } from './support/events';
import { useTarget } from './support/target';

describe('parked messages', () => {
  const target = useTarget();
  const group = 'group';
  const parkedCount = async (stream: string) => {
    const info = await target().client.getPersistentSubscriptionToStreamInfo(stream, group);
    return info.stats.parkedMessageCount;
  };

  /** A stream of five events, all parked, and the consumer that parked them and now accepts. */
  async function parked(): Promise<{ stream: string; consumer: Consumer }> {
    const stream = newStream('parked');
    await target().client.appendToStream(stream, numberedFrom(0, 5));
    await target().client.createPersistentSubscriptionToStream(
      stream,
      group,
      settings({ startFrom: START, checkPointUpperBound: 1 }),
    );
    const consumer = await Consumer.join(target().client, { stream, group }, (me, event) => {
      if (me.items.length <= 5) void me.subscription.nack(PARK, `reason ${event.event!.revision}`, event);
      else acknowledge(me, event);
    });
    await eventually(
      () => parkedCount(stream),
      (count) => count === 5n,
    );
    return { stream, consumer };
  }

  it('are replayed in the order they were parked, and counted no more', async () => {
    const { stream, consumer } = await parked();

    await target().client.replayParkedMessagesToStream(stream, group);

    await consumer.atLeast(10);
    expect(consumer.numbers.slice(5)).toEqual([0, 1, 2, 3, 4]);
    expect(
      await eventually(
        () => parkedCount(stream),
        (count) => count === 0n,
      ),
    ).toBe(0n);
    await consumer.close();
  });

  it('are replayed up to a count', async () => {
    const { stream, consumer } = await parked();

    await target().client.replayParkedMessagesToStream(stream, group, { stopAt: 2 });

    await consumer.atLeast(7);
    await eventually(
      () => parkedCount(stream),
      (count) => count === 3n,
    );
    expect(consumer.numbers.slice(5)).toEqual([0, 1]);
    await consumer.close();
  });

  it('stand in a stream of their own as links, with the reason', async () => {
    const { stream, consumer } = await parked();
    const name = `$persistentsubscription-${stream}::${group}-parked`;

    const links = await collect(target().client.readStream(name));
    const events = await collect(target().client.readStream(name, { resolveLinkTos: true }));

    expect(links.map(({ event }) => event!.type)).toEqual(['$>', '$>', '$>', '$>', '$>']);
    expect(links[1]!.event!.metadata).toMatchObject({
      reason: expect.stringContaining('reason 1') as string,
    });
    expect(events.map(({ event }) => event!.streamId)).toEqual(Array(5).fill(stream));
    await consumer.close();
  });

  it('may be parked again', async () => {
    const stream = newStream('again');
    await target().client.appendToStream(stream, numberedFrom(0, 1));
    await target().client.createPersistentSubscriptionToStream(stream, group, settings({ startFrom: START }));
    const consumer = await Consumer.join(target().client, { stream, group }, (me, event) => {
      void me.subscription.nack(PARK, 'never', event);
    });
    await eventually(
      () => parkedCount(stream),
      (count) => count === 1n,
    );

    await target().client.replayParkedMessagesToStream(stream, group);

    await consumer.atLeast(2);
    await eventually(
      () => parkedCount(stream),
      (count) => count === 1n,
    );
    expect(consumer.numbers).toEqual([0, 0]);
    await consumer.close();
  });

  it('are not replayed where there are none', async () => {
    const stream = newStream('none');
    await target().client.createPersistentSubscriptionToStream(stream, group, settings());

    await expect(target().client.replayParkedMessagesToStream(stream, group)).resolves.toBeUndefined();
  });

  it('and the place reached survive a restart of the subscriptions', async () => {
    const { stream, consumer } = await parked();
    await eventually(
      () => target().client.getPersistentSubscriptionToStreamInfo(stream, group),
      ({ stats }) => stats.lastCheckpointedEventRevision === 4n,
    );

    await target().client.restartPersistentSubscriptionSubsystem();
    await consumer.failure();
    await eventually(
      () => parkedCount(stream).catch(() => -1n),
      (count) => count === 5n,
    );
    await target().client.appendToStream(stream, numberedFrom(5, 1));
    const next = await Consumer.join(target().client, { stream, group });

    // A real server drops a checkpoint while another is being written, so that messages which
    // were answered may come again before the new one.
    await next.until(() => next.numbers.includes(5), 'the new message');
    expect(Math.max(...next.numbers)).toBe(5);
    await next.close();
  });
});
