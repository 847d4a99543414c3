import {
  ANY,
  BACKWARDS,
  END,
  jsonEvent,
  NO_STREAM,
  START,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { collect, eventually, Inbox, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { useTarget } from './support/target';

describe('stream metadata', () => {
  const target = useTarget();
  const write = (stream: string, from: number, count: number) =>
    target().client.appendToStream(stream, numberedFrom(from, count));
  const numbersIn = async (stream: string) => numbersOf(await collect(target().client.readStream(stream)));

  it('is given back as it was set', async () => {
    const stream = newStream('metadata');
    const metadata = {
      maxAge: 3_600,
      maxCount: 7,
      truncateBefore: 1,
      cacheControl: 15,
      acl: { readRoles: ['reader'], writeRoles: ['$admins'] },
      owner: 'me',
      nested: { deep: [1, 2] },
    };

    const result = await target().client.setStreamMetadata(stream, metadata);
    const read = await target().client.getStreamMetadata(stream);

    expect(result.nextExpectedRevision).toBe(0n);
    expect(read).toMatchObject({ streamName: stream, metadata });
  });

  it('of a stream that never had any is empty', async () => {
    const read = await target().client.getStreamMetadata(newStream('none'));

    expect(read.metadata).toBeUndefined();
  });

  it('is replaced as a whole, under an expected revision of its own', async () => {
    const stream = newStream('replaced');
    const { client } = target();
    await client.setStreamMetadata(stream, { maxCount: 5 }, { expectedRevision: NO_STREAM });

    await client.setStreamMetadata(stream, { owner: 'me' }, { expectedRevision: 0n });
    const error = await rejection(
      client.setStreamMetadata(stream, { owner: 'you' }, { expectedRevision: 0n }),
    );

    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: `$$${stream}`, actualVersion: 1n });
    const read = await client.getStreamMetadata(stream);
    expect(read.metadata).toEqual({ owner: 'me' });
  });

  it('lives in the stream $$name, of which only the last event is kept', async () => {
    const stream = newStream('metastream');
    const { client } = target();
    for (const owner of ['a', 'b', 'c']) await client.setStreamMetadata(stream, { owner });

    const events = await collect(client.readStream(`$$${stream}`));

    expect(events.map(({ event }) => [event!.type, event!.data, event!.revision])).toEqual([
      ['$metadata', { owner: 'c' }, 2n],
    ]);
  });

  it('$maxCount keeps the last events, in reads of either direction', async () => {
    const stream = newStream('max-count');
    await write(stream, 0, 5);

    await target().client.setStreamMetadata(stream, { maxCount: 2 });
    await write(stream, 5, 1);

    expect(await numbersIn(stream)).toEqual([4, 5]);
    const backwards = target().client.readStream(stream, { direction: BACKWARDS, fromRevision: END });
    expect(numbersOf(await collect(backwards))).toEqual([5, 4]);
    const fromOld = target().client.readStream(stream, { fromRevision: 1n });
    expect(numbersOf(await collect(fromOld))).toEqual([4, 5]);
  });

  it('$tb hides what stands before it, and can be taken back', async () => {
    const stream = newStream('truncated');
    await write(stream, 0, 5);

    await target().client.setStreamMetadata(stream, { truncateBefore: 3 });
    expect(await numbersIn(stream)).toEqual([3, 4]);

    await target().client.setStreamMetadata(stream, {});
    expect(await numbersIn(stream)).toEqual([0, 1, 2, 3, 4]);
  });

  it('$tb beyond the end empties the stream, which then goes on', async () => {
    const stream = newStream('emptied');
    await write(stream, 0, 3);

    await target().client.setStreamMetadata(stream, { truncateBefore: 3 });
    const emptied = await collect(target().client.readStream(stream)).catch((error: Error) => error.message);
    const next = await write(stream, 3, 1);

    expect(emptied).toEqual([]);
    expect(next.nextExpectedRevision).toBe(3n);
    expect(await numbersIn(stream)).toEqual([3]);
  });

  it('$maxAge hides what is older', async () => {
    const stream = newStream('max-age');
    await write(stream, 0, 2);

    await target().client.setStreamMetadata(stream, { maxAge: 1 });
    await eventually(
      () => collect(target().client.readStream(stream)).catch(() => []),
      (events) => events.length === 0,
    );
    await write(stream, 2, 1);

    expect(await numbersIn(stream)).toEqual([2]);
  });

  it('$tb and $maxCount together keep what both keep', async () => {
    const stream = newStream('both');
    await write(stream, 0, 6);

    await target().client.setStreamMetadata(stream, { truncateBefore: 2, maxCount: 3 });

    expect(await numbersIn(stream)).toEqual([3, 4, 5]);
  });

  it('holds for subscriptions to the stream too', async () => {
    const stream = newStream('subscribed');
    await write(stream, 0, 5);
    await target().client.setStreamMetadata(stream, { truncateBefore: 3 });

    const inbox = new Inbox(target().client.subscribeToStream(stream, { fromRevision: START }));

    expect(numbersOf(await inbox.atLeast(2))).toEqual([3, 4]);
    await inbox.close();
  });

  it('leaves $all as it is until a scavenge', async () => {
    const stream = newStream('in-all');
    const { position } = await write(stream, 0, 1);
    await write(stream, 1, 4);
    await target().client.setStreamMetadata(stream, { maxCount: 1 });

    const events = await collect(target().client.readAll({ fromPosition: position!, maxCount: 20 }));

    expect(numbersOf(events.filter(({ event }) => event!.streamId === stream))).toEqual([0, 1, 2, 3, 4]);
  });

  it('that is not JSON is ignored', async () => {
    const stream = newStream('nonsense');
    await write(stream, 0, 3);

    await target().client.appendToStream(
      `$$${stream}`,
      jsonEvent({ type: '$metadata', data: { $maxCount: 'many', $tb: -4 } }),
      { expectedRevision: ANY },
    );

    expect(await numbersIn(stream)).toEqual([0, 1, 2]);
    await expect(target().client.appendToStream(stream, numbered(3))).resolves.toMatchObject({
      success: true,
    });
  });
});
