import { binaryEvent, MaxAppendSizeExceededError } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { collect, rejection } from './support/collect';
import { newStream, numberedFrom } from './support/events';
import { append, exceptionOf } from './support/raw-streams';
import { useTarget } from './support/target';

const MAXIMUM = 1_024 * 1_024;

describe('the size limit of an append', () => {
  const target = useTarget();
  const bytes = (length: number) => binaryEvent({ type: 'Big', data: new Uint8Array(length) });

  it('accepts a mebibyte less the rest of the event', async () => {
    const stream = newStream('large');

    await target().client.appendToStream(stream, bytes(MAXIMUM - 1_024));
    const [event] = await collect(target().client.readStream(stream));

    expect(event!.event!.data).toHaveLength(MAXIMUM - 1_024);
  });

  it('refuses an event beyond it, says the limit, and writes nothing', async () => {
    const stream = newStream('too-large');

    const error = await rejection(target().client.appendToStream(stream, bytes(2 * MAXIMUM)));

    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(error).toMatchObject({ maxAppendSize: MAXIMUM });
    await expect(collect(target().client.readStream(stream))).rejects.toThrow('not found');
  });

  it('counts all events of an append together', async () => {
    const stream = newStream('together');

    const error = await rejection(
      target().client.appendToStream(stream, [bytes(MAXIMUM / 2), bytes(MAXIMUM / 2), bytes(10)]),
    );

    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
  });

  it('holds for a classic append too', async () => {
    const error = await rejection(
      append(target().raw, newStream('classic'), 'any', [{ data: new Uint8Array(2 * MAXIMUM) }]),
    );

    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(exceptionOf(error)).toBe('maximum-append-size-exceeded');
  });

  it('leaves appends that are in flight at the same time alone', async () => {
    const streams = Array.from({ length: 10 }, () => newStream('beside'));

    const outcomes = await Promise.allSettled([
      ...streams.map((stream) => target().client.appendToStream(stream, numberedFrom(0, 3))),
      target().client.appendToStream(newStream('too-large'), bytes(2 * MAXIMUM)),
    ]);

    expect(outcomes.map(({ status: outcome }) => outcome)).toEqual([
      ...streams.map(() => 'fulfilled'),
      'rejected',
    ]);
  });
});
