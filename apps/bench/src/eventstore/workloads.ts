import {
  type EventData,
  type EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';

/** What is asked of a node, through the real client. Each answers with a rate per second, or with ms. */

/** About 300 bytes with its metadata. */
export function sampleEvent(): EventData {
  return jsonEvent({
    type: 'CodeRequested',
    data: {
      accessCodeId: randomUUID(),
      deviceId: randomUUID(),
      filler: 'x'.repeat(110),
      sentAt: performance.now(),
    },
    metadata: { $correlationId: randomUUID(), actor: 'bench' },
  });
}

export async function appendOneByOne(client: EventStoreDBClient, count: number): Promise<number> {
  const stream = `one-${randomUUID()}`;
  return rate(count, async () => {
    for (let n = 0; n < count; n += 1) await client.appendToStream(stream, sampleEvent());
  });
}

export async function appendInFlight(
  client: EventStoreDBClient,
  count: number,
  inFlight: number,
): Promise<number> {
  const streams = Array.from({ length: inFlight }, () => `many-${randomUUID()}`);
  let left = count;
  return rate(count, () =>
    Promise.all(
      streams.map(async (stream) => {
        while (left-- > 0) await client.appendToStream(stream, sampleEvent());
      }),
    ),
  );
}

/** Appends `count` events to a stream, many in each append. @returns the stream */
export async function fill(client: EventStoreDBClient, count: number): Promise<string> {
  const stream = `filled-${randomUUID()}`;
  for (let done = 0; done < count; done += 500) {
    await client.appendToStream(stream, Array.from({ length: Math.min(500, count - done) }, sampleEvent));
  }
  return stream;
}

export async function readAll(client: EventStoreDBClient, count: number): Promise<number> {
  return rate(count, async () => {
    let seen = 0;
    for await (const _ of client.readAll({ maxCount: count })) seen += 1;
    if (seen !== count) throw new Error(`${seen} events instead of ${count}`);
  });
}

export async function consume(client: EventStoreDBClient, stream: string, count: number): Promise<number> {
  const group = randomUUID();
  await client.createPersistentSubscriptionToStream(
    stream,
    group,
    persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START }),
  );
  const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 200 });
  const result = await rate(count, async () => {
    let seen = 0;
    for await (const resolved of subscription) {
      void subscription.ack(resolved);
      if (++seen === count) break;
    }
  });
  await client.deletePersistentSubscriptionToStream(stream, group).catch(() => undefined);
  return result;
}

/** Median time from the call of append to the event at a subscriber, ms. */
export async function appendToSubscriber(client: EventStoreDBClient, count: number): Promise<number> {
  const stream = `live-${randomUUID()}`;
  await client.appendToStream(stream, sampleEvent());
  const subscription = client.subscribeToStream(stream, { fromRevision: 0n });
  const times: number[] = [];
  let arrived: () => void = () => undefined;
  subscription.on('data', ({ event }) => {
    times.push(performance.now() - (event!.data as { sentAt: number }).sentAt);
    arrived();
  });
  await new Promise((resolve) => subscription.once('confirmation', resolve));
  for (let n = 0; n < count; n += 1) {
    const seen = new Promise<void>((resolve) => (arrived = resolve));
    await client.appendToStream(stream, sampleEvent());
    if (times.length <= n) await seen;
  }
  await subscription.unsubscribe();
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (1000 * count) / (performance.now() - begun);
}
