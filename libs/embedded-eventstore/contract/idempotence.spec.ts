import {
  ANY,
  type AppendExpectedRevision,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { collect, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';
import { useTarget } from './support/target';

describe('an append that is repeated with the same event ids', () => {
  const target = useTarget();

  const append = (
    stream: string,
    events: ReturnType<typeof numberedFrom>,
    expectedRevision: AppendExpectedRevision,
  ) => target().client.appendToStream(stream, events, { expectedRevision });
  const numbersIn = async (stream: string) => numbersOf(await collect(target().client.readStream(stream)));

  it.each([ANY, NO_STREAM] as const)('is written once with %s and answered alike', async (expected) => {
    const stream = newStream('repeat');
    const events = numberedFrom(0, 3);

    const first = await append(stream, events, expected);
    const again = await append(stream, events, expected);

    expect(again).toEqual(first);
    expect(await numbersIn(stream)).toEqual([0, 1, 2]);
  });

  it('is written once with stream_exists', async () => {
    const stream = newStream('repeat-exists');
    await append(stream, [numbered(0)], NO_STREAM);
    const events = numberedFrom(1, 2);

    const first = await append(stream, events, STREAM_EXISTS);
    const again = await append(stream, events, STREAM_EXISTS);

    expect(again).toEqual(first);
    expect(await numbersIn(stream)).toEqual([0, 1, 2]);
  });

  it('is written once with a revision, even when others have appended since', async () => {
    const stream = newStream('repeat-revision');
    await append(stream, [numbered(0)], NO_STREAM);
    const events = numberedFrom(1, 2);

    const first = await append(stream, events, 0n);
    await append(stream, [numbered(3)], 2n);
    const again = await append(stream, events, 0n);

    expect(again).toEqual(first);
    expect(again.nextExpectedRevision).toBe(2n);
    expect(await numbersIn(stream)).toEqual([0, 1, 2, 3]);
  });

  it('may repeat a part of the append: the first events of it', async () => {
    const stream = newStream('repeat-head');
    const events = numberedFrom(0, 3);
    await append(stream, events, NO_STREAM);

    const again = await append(stream, events.slice(0, 2), NO_STREAM);

    expect(again.nextExpectedRevision).toBe(1n);
    expect(await numbersIn(stream)).toEqual([0, 1, 2]);
  });

  it.each([ANY, NO_STREAM] as const)(
    'is refused with %s when only its first part is known',
    async (expected) => {
      const stream = newStream('overlap');
      const events = numberedFrom(0, 3);
      await append(stream, events.slice(0, 2), NO_STREAM);

      const error = await rejection(append(stream, events, expected));

      expect(error).toBeInstanceOf(WrongExpectedVersionError);
      expect(await numbersIn(stream)).toEqual([0, 1]);
    },
  );

  it('is written again when the expected revision is the present one', async () => {
    const stream = newStream('twice');
    const event = numbered(0);
    await append(stream, [event], NO_STREAM);

    const again = await append(stream, [event], 0n);

    expect(again.nextExpectedRevision).toBe(1n);
    expect(await numbersIn(stream)).toEqual([0, 0]);
  });

  it('is refused when other events stand where it expects its own', async () => {
    const stream = newStream('other');
    await append(stream, numberedFrom(0, 2), NO_STREAM);

    const error = await rejection(append(stream, [numbered(9)], 0n));

    expect(error).toMatchObject({ expectedVersion: 0n, actualVersion: 1n });
  });

  it('is written in each stream it is appended to', async () => {
    const streams = [newStream('one'), newStream('other')];
    const event = numbered(0);

    for (const stream of streams) await append(stream, [event], ANY);

    expect(await numbersIn(streams[0]!)).toEqual([0]);
    expect(await numbersIn(streams[1]!)).toEqual([0]);
  });

  it('may hold one id twice, and is then written with both', async () => {
    const stream = newStream('same-id');
    const event = numbered(0);

    await append(stream, [event, event], ANY);
    await append(stream, [event, event], ANY);

    expect(await numbersIn(stream)).toEqual([0, 0]);
  });

  it('is answered as the first of them when its events were written twice', async () => {
    const stream = newStream('first-of-two');
    const event = numbered(0);
    await append(stream, [event], NO_STREAM);
    await append(stream, [event], 0n);

    const again = await append(stream, [event], ANY);

    expect(again.nextExpectedRevision).toBe(0n);
    expect(await numbersIn(stream)).toEqual([0, 0]);
  });

  // Differs: a real server lets repeats that overtake the first write time out; the embedded
  // node answers them all, since its writes are taken one after another.
  it('is written once although its repeats are in flight together', async () => {
    const stream = newStream('concurrent');
    const event = numbered(0);

    const outcomes = await Promise.allSettled(range(10).map(() => append(stream, [event], ANY)));

    const answered = outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []));
    expect(answered.length).toBeGreaterThanOrEqual(target().kind === 'embedded' ? 10 : 1);
    expect(new Set(answered.map((result) => result.nextExpectedRevision))).toEqual(new Set([0n]));
    expect(await numbersIn(stream)).toEqual([0]);
  });

  it('goes on with the old numbering after a soft delete', async () => {
    const stream = newStream('deleted');
    const event = numbered(0);
    await append(stream, [event], NO_STREAM);
    await target().client.deleteStream(stream);

    const again = await append(stream, [numbered(1)], NO_STREAM);

    expect(again.nextExpectedRevision).toBe(1n);
    expect(await numbersIn(stream)).toEqual([1]);
  });
});
