import {
  END,
  PARK,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as settings,
  RETRY,
  SKIP,
  START,
  STOP,
  binaryEvent,
} from '@eventstore/db-client';
import { eventually } from './support/collect';
import { acknowledge, Consumer, keep, type OnMessage } from './support/consumers';
import { newStream, numberedFrom, range } from './support/events';
import { useTarget } from './support/target';

describe('consuming a persistent subscription to a stream', () => {
  const target = useTarget();
  const group = 'group';

  async function given(
    events: number,
    changes: Partial<PersistentSubscriptionToStreamSettings> = {},
  ): Promise<string> {
    const stream = newStream('consumed');
    if (events > 0) await target().client.appendToStream(stream, numberedFrom(0, events));
    await target().client.createPersistentSubscriptionToStream(
      stream,
      group,
      settings({ startFrom: START, ...changes }),
    );
    return stream;
  }
  const join = (stream: string, onMessage?: OnMessage, bufferSize?: number) =>
    Consumer.join(
      target().client,
      { stream, group, ...(bufferSize === undefined ? {} : { bufferSize }) },
      onMessage,
    );
  const infoOf = (stream: string) => target().client.getPersistentSubscriptionToStreamInfo(stream, group);
  const append = (stream: string, from: number, count = 1) =>
    target().client.appendToStream(stream, numberedFrom(from, count));

  it('delivers history, then what is written, in order to a single consumer', async () => {
    const stream = await given(50);

    const consumer = await join(stream);
    await consumer.atLeast(50);
    await append(stream, 50, 10);

    await consumer.atLeast(60);
    expect(consumer.numbers).toEqual(range(60));
    expect(new Set(consumer.retryCounts)).toEqual(new Set([0]));
    await consumer.close();
  });

  it('from the end delivers only what comes after its creation', async () => {
    const stream = await given(5, { startFrom: END });
    await append(stream, 5);

    const consumer = await join(stream);
    await append(stream, 6);

    await consumer.atLeast(2);
    expect(consumer.numbers).toEqual([5, 6]);
    await consumer.close();
  });

  it('from a revision begins with the event at it', async () => {
    const stream = await given(5, { startFrom: 3n });

    const consumer = await join(stream);

    await consumer.atLeast(2);
    expect(consumer.numbers).toEqual([3, 4]);
    await consumer.close();
  });

  it('holds no more in flight than the consumer asked for', async () => {
    const stream = await given(20);
    const consumer = await join(stream, keep, 5);
    await consumer.atLeast(5);

    await consumer.subscription.ack(consumer.items[0]!);
    await consumer.atLeast(6);
    const info = await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.totalInFlightMessages === 5,
    );

    expect(consumer.numbers).toEqual(range(6));
    expect(info.connections[0]).toMatchObject({ availableSlots: 0, inFlightMessages: 5 });
    await consumer.close();
  });

  it('delivers a message again that is nacked with retry, and counts', async () => {
    const stream = await given(1);

    const consumer = await join(stream, (me, event) => {
      if (event.retryCount < 3) void me.subscription.nack(RETRY, 'once more', event);
      else void me.subscription.ack(event);
    });

    await consumer.atLeast(4);
    expect(consumer.retryCounts).toEqual([0, 1, 2, 3]);
    await consumer.close();
  });

  it('leaves out a message that is nacked with skip', async () => {
    const stream = await given(3);

    const consumer = await join(stream, (me, event) => {
      if (event.event!.revision === 1n) void me.subscription.nack(SKIP, 'not mine', event);
      else void me.subscription.ack(event);
    });
    await consumer.atLeast(3);
    await append(stream, 3);

    await consumer.atLeast(4);
    expect(consumer.numbers).toEqual([0, 1, 2, 3]);
    expect((await infoOf(stream)).stats.parkedMessageCount).toBe(0n);
    await consumer.close();
  });

  it('parks a message that is nacked with park, at once', async () => {
    const stream = await given(3);

    const consumer = await join(stream, (me, event) => {
      if (event.event!.revision === 1n) void me.subscription.nack(PARK, 'poison', event);
      else void me.subscription.ack(event);
    });
    await consumer.atLeast(3);

    const info = await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.parkedMessageCount === 1n,
    );
    expect(info.stats.totalInFlightMessages).toBe(0);
    await consumer.close();
  });

  it('goes on delivering after a nack with stop', async () => {
    const stream = await given(2);

    const consumer = await join(stream, (me, event) => {
      if (event.event!.revision === 0n) void me.subscription.nack(STOP, 'enough', event);
      else void me.subscription.ack(event);
    });
    await consumer.atLeast(2);
    await append(stream, 2);

    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await consumer.close();
  });

  it('answers several messages in one acknowledgement', async () => {
    const stream = await given(10);
    const consumer = await join(stream, keep, 10);
    await consumer.atLeast(10);

    await consumer.subscription.ack(...consumer.items);

    const info = await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.totalInFlightMessages === 0,
    );
    expect(info.connections[0]).toMatchObject({ availableSlots: 10, totalItems: 10n });
    await consumer.close();
  });

  it('delivers a message again that is not answered in time', async () => {
    const stream = await given(1, { messageTimeout: 300 });

    const consumer = await join(stream, (me, event) => {
      if (event.retryCount > 0) void me.subscription.ack(event);
    });

    await consumer.atLeast(2);
    expect(consumer.retryCounts).toEqual([0, 1]);
    await consumer.close();
  });

  it('parks a message that was tried as often as allowed', async () => {
    const stream = await given(2, { maxRetryCount: 2 });

    const consumer = await join(stream, (me, event) => {
      if (event.event!.revision === 0n) void me.subscription.nack(RETRY, 'again', event);
      else void me.subscription.ack(event);
    });
    await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.parkedMessageCount === 1n,
    );

    const tries = consumer.items.filter(({ event }) => event!.revision === 0n);
    expect(tries.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
    await consumer.close();
  });

  it('parks a message that timed out as often as allowed', async () => {
    const stream = await given(1, { maxRetryCount: 1, messageTimeout: 200 });

    const consumer = await join(stream, keep);
    await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.parkedMessageCount === 1n,
    );

    expect(consumer.retryCounts).toEqual([0, 1]);
    await consumer.close();
  });

  it('gives what a consumer leaves unanswered when it goes to another', async () => {
    const stream = await given(4);
    const first = await join(stream, keep);
    await first.atLeast(4);
    await first.subscription.ack(first.items[0]!);
    await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.totalInFlightMessages === 3,
    );

    await first.close();
    const second = await join(stream);

    await second.atLeast(3);
    expect(second.numbers).toEqual([1, 2, 3]);
    expect(second.retryCounts).toEqual([1, 1, 1]);
    await second.close();
  });

  it('goes on where it was when its consumers come back', async () => {
    const stream = await given(10);
    const first = await join(stream);
    await first.atLeast(10);
    await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.totalInFlightMessages === 0,
    );
    await first.close();
    await append(stream, 10, 2);

    const second = await join(stream);

    await second.atLeast(2);
    expect(second.numbers).toEqual([10, 11]);
    await second.close();
  });

  it('resolves links, and is acknowledged by the link', async () => {
    const source = newStream('source');
    await append(source, 0, 3);
    const stream = await given(0, { resolveLinkTos: true });
    for (const revision of [0, 1, 2]) {
      await target().client.appendToStream(
        stream,
        binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${source}`) }),
      );
    }

    const consumer = await join(stream);

    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    expect(consumer.items.map(({ link }) => link!.streamId)).toEqual([stream, stream, stream]);
    await eventually(
      () => infoOf(stream),
      ({ stats }) => stats.totalInFlightMessages === 0,
    );
    await consumer.close();
  });

  it('waits for a stream that does not exist yet', async () => {
    const stream = await given(0);
    const consumer = await join(stream);

    await append(stream, 0, 3);

    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([0, 1, 2]);
    await consumer.close();
  });

  it('misses nothing and doubles nothing while much is written', async () => {
    const stream = await given(100, { liveBufferSize: 20, historyBufferSize: 50, readBatchSize: 10 });
    const consumer = await join(stream, acknowledge, 10);

    for (let n = 100; n < 600; n += 25) await append(stream, n, 25);

    await consumer.atLeast(600);
    expect(consumer.numbers).toEqual(range(600));
    await consumer.close();
  });

  it('skips the events that the stream had lost before its creation', async () => {
    const stream = newStream('truncated');
    await append(stream, 0, 5);
    await target().client.setStreamMetadata(stream, { truncateBefore: 3 });
    await target().client.createPersistentSubscriptionToStream(stream, group, settings({ startFrom: START }));

    const consumer = await join(stream);
    await append(stream, 5);

    await consumer.atLeast(3);
    expect(consumer.numbers).toEqual([3, 4, 5]);
    await consumer.close();
  });
});
