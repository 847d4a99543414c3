import { ANY, NO_STREAM, START, StreamDeletedError, WrongExpectedVersionError } from '@eventstore/db-client';
import { collect, eventually, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf } from './support/events';
import { useTarget } from './support/target';

describe('deleting a stream softly', () => {
  const target = useTarget();
  const write = (stream: string, from: number, count: number) =>
    target().client.appendToStream(stream, numberedFrom(from, count));
  const numbersIn = async (stream: string) => numbersOf(await collect(target().client.readStream(stream)));

  it('hides the events and lets the stream go on with its numbering', async () => {
    const stream = newStream('deleted');
    await write(stream, 0, 3);

    const { position } = await target().client.deleteStream(stream);
    const next = await target().client.appendToStream(stream, numbered(3), {
      expectedRevision: NO_STREAM,
    });

    expect(position!.commit).toBeGreaterThan(0n);
    expect(next.nextExpectedRevision).toBe(3n);
    const events = await collect(target().client.readStream(stream, { fromRevision: START }));
    expect(events.map(({ event }) => event!.revision)).toEqual([3n]);
  });

  it('replaces the metadata by a truncation mark, which writing again lowers', async () => {
    const stream = newStream('marked');
    const { client } = target();
    await write(stream, 0, 2);
    await client.setStreamMetadata(stream, { owner: 'me', maxCount: 10 });

    await client.deleteStream(stream);
    const deleted = await client.getStreamMetadata(stream);
    await write(stream, 2, 1);
    // A real server lowers the mark some time after it has answered the append.
    const revived = await eventually(
      () => client.getStreamMetadata(stream),
      ({ metadata }) => metadata?.truncateBefore === 2,
    );

    // The largest 64-bit number, which JavaScript rounds to 2^63.
    expect(deleted.metadata).toEqual({ truncateBefore: 2 ** 63 });
    expect(revived.metadata).toEqual({ truncateBefore: 2 });
  });

  it.each([
    ['any', ANY],
    ['its revision', 1n],
  ] as const)('succeeds with %s', async (_, expectedRevision) => {
    const stream = newStream('expected');
    await write(stream, 0, 2);

    await target().client.deleteStream(stream, { expectedRevision });

    await expect(numbersIn(stream)).rejects.toThrow('not found');
  });

  it.each([
    ['no_stream', NO_STREAM],
    ['another revision', 0n],
  ] as const)('fails with %s and keeps the events', async (_, expectedRevision) => {
    const stream = newStream('kept');
    await write(stream, 0, 2);

    const error = await rejection(target().client.deleteStream(stream, { expectedRevision }));

    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(await numbersIn(stream)).toEqual([0, 1]);
  });

  it('may be done twice', async () => {
    const stream = newStream('twice');
    await write(stream, 0, 1);

    await target().client.deleteStream(stream);
    await target().client.deleteStream(stream);

    await expect(numbersIn(stream)).rejects.toThrow('not found');
  });

  it('fails for a stream that never was', async () => {
    const error = await rejection(target().client.deleteStream(newStream('never')));

    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ actualVersion: -1n });
  });
});

describe('tombstoning a stream', () => {
  const target = useTarget();

  it('closes it for ever to reading, writing, deleting and metadata', async () => {
    const { client } = target();
    const stream = newStream('gone');
    await client.appendToStream(stream, numberedFrom(0, 2));

    const { position } = await client.tombstoneStream(stream);

    expect(position!.commit).toBeGreaterThan(0n);
    const errors = await Promise.all(
      [
        collect(client.readStream(stream)),
        client.appendToStream(stream, numbered(2)),
        client.deleteStream(stream),
        client.tombstoneStream(stream),
        client.setStreamMetadata(stream, { owner: 'me' }),
        client.getStreamMetadata(stream),
        collect(client.readStream(`$$${stream}`)),
      ].map(rejection),
    );
    for (const error of errors) expect(error).toBeInstanceOf(StreamDeletedError);
  });

  it('can be done to a stream that never was, and to a soft-deleted one', async () => {
    const { client } = target();
    const [never, soft] = [newStream('never'), newStream('soft')];
    await client.appendToStream(soft, numbered(0));
    await client.deleteStream(soft);

    await client.tombstoneStream(never, { expectedRevision: NO_STREAM });
    await client.tombstoneStream(soft);

    for (const stream of [never, soft]) {
      const error = await rejection(client.appendToStream(stream, numbered(0)));
      expect(error).toBeInstanceOf(StreamDeletedError);
    }
  });

  it('fails with a wrong revision and leaves the stream as it was', async () => {
    const { client } = target();
    const stream = newStream('kept');
    await client.appendToStream(stream, numberedFrom(0, 2));

    const error = await rejection(client.tombstoneStream(stream, { expectedRevision: 7n }));

    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: stream, expectedVersion: 7n });
    expect(await collect(client.readStream(stream))).toHaveLength(2);
  });

  it('leaves a last event of type $streamDeleted in $all', async () => {
    const { client } = target();
    const stream = newStream('marker');
    const { position } = await client.appendToStream(stream, numbered(0));

    await client.tombstoneStream(stream);
    const events = await collect(client.readAll({ fromPosition: position!, maxCount: 10 }));

    const ours = events.filter(({ event }) => event!.streamId === stream);
    expect(ours.map(({ event }) => event!.type)).toEqual(['Numbered', '$streamDeleted']);
    expect(ours[1]!.event!.revision).toBe(9_223_372_036_854_775_807n);
  });
});
