import { randomUUID } from 'node:crypto';
import {
  ANY,
  type AppendExpectedRevision,
  binaryEvent,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { collect, rejection } from './support/collect';
import { newStream, numbered, numberedFrom, numbersOf, range } from './support/events';
import { append, batch, batchAppend, exceptionOf } from './support/raw-streams';
import { useTarget } from './support/target';

describe('appending', () => {
  const target = useTarget();

  it('answers the revision and the position of the last event', async () => {
    const stream = newStream('append');

    const first = await target().client.appendToStream(stream, numberedFrom(0, 3));
    const second = await target().client.appendToStream(stream, numbered(3));

    expect(first).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(second).toMatchObject({ success: true, nextExpectedRevision: 3n });
    expect(second.position!.commit).toBeGreaterThan(first.position!.commit);
    const events = await collect(target().client.readStream(stream));
    expect(numbersOf(events)).toEqual([0, 1, 2, 3]);
    expect(events.map(({ event }) => event!.revision)).toEqual([0n, 1n, 2n, 3n]);
  });

  it('gives back what was written: id, type, data, metadata, time', async () => {
    const stream = newStream('round-trip-ü/ 日本');
    const id = randomUUID();
    const before = Date.now();

    await target().client.appendToStream(
      stream,
      jsonEvent({
        id,
        type: 'Ünïcode – 日本',
        data: { text: 'ß€😀' },
        metadata: { $correlationId: 'c-1', note: 'é' },
      }),
    );
    const [read] = await collect(target().client.readStream(stream));

    expect(read!.event).toMatchObject({
      id,
      streamId: stream,
      type: 'Ünïcode – 日本',
      isJson: true,
      data: { text: 'ß€😀' },
      metadata: { $correlationId: 'c-1', note: 'é' },
    });
    const created = read!.event!.created.getTime();
    expect(created).toBeGreaterThanOrEqual(before - 5);
    expect(created).toBeLessThanOrEqual(Date.now() + 5);
  });

  it('keeps binary data and metadata byte for byte', async () => {
    const stream = newStream('binary');
    const bytes = Uint8Array.from(range(256));

    await target().client.appendToStream(stream, [
      binaryEvent({ type: 'Bytes', data: bytes, metadata: bytes }),
      binaryEvent({ type: 'NoBytes', data: new Uint8Array() }),
    ]);
    const [full, empty] = await collect(target().client.readStream(stream));

    expect(full!.event!.isJson).toBe(false);
    expect(Buffer.from(full!.event!.data as Uint8Array)).toEqual(Buffer.from(bytes));
    expect(Buffer.from(full!.event!.metadata as Uint8Array)).toEqual(Buffer.from(bytes));
    expect(empty!.event!.data).toHaveLength(0);
  });

  it('writes an append as one: contiguous in its stream and in $all', async () => {
    const streams = range(4).map(() => newStream('atomic'));

    await Promise.all(
      streams.flatMap((stream) =>
        range(10).map((n) => target().client.appendToStream(stream, numberedFrom(n * 5, 5))),
      ),
    );

    for (const stream of streams) {
      const numbers = numbersOf(await collect(target().client.readStream(stream)));
      expect(numbers).toHaveLength(50);
      for (let i = 0; i < 50; i += 5) {
        expect(numbers.slice(i, i + 5)).toEqual(range(5).map((n) => numbers[i]! + n));
      }
    }
  });

  it('acknowledges each of many appends in flight', async () => {
    const stream = newStream('in-flight');

    const results = await Promise.all(
      range(300).map((n) => target().client.appendToStream(stream, numbered(n))),
    );

    const revisions = results.map((result) => Number(result.nextExpectedRevision));
    expect([...revisions].sort((a, b) => a - b)).toEqual(range(300));
    const events = await collect(target().client.readStream(stream));
    for (const [n, revision] of revisions.entries()) {
      expect((events[revision]!.event!.data as { n: number }).n).toBe(n);
    }
  });

  it('accepts an append of no events, which writes nothing', async () => {
    const stream = newStream('nothing');

    const answer = await append(target().raw, stream, 'any', []);

    expect(answer.getSuccess()!.hasNoStream()).toBe(true);
    await expect(collect(target().client.readStream(stream))).rejects.toThrow('not found');
  });

  it('assembles a batch that comes in parts', async () => {
    const stream = newStream('parts');
    const id = randomUUID();

    const [answer] = await batchAppend(
      target().raw,
      [
        batch(id, stream, [{}, {}], { final: false }),
        batch(id, undefined, [{}], { final: false }),
        batch(id, undefined, [{}]),
      ],
      1,
    );

    expect(answer!.getCorrelationId()!.getString()).toBe(id);
    expect(answer!.getSuccess()!.getCurrentRevision()).toBe('3');
    expect(await collect(target().client.readStream(stream))).toHaveLength(4);
  });

  it('keeps two batches apart whose parts come interleaved', async () => {
    const [left, right] = [newStream('left'), newStream('right')];
    const [a, b] = [randomUUID(), randomUUID()];

    const answers = await batchAppend(
      target().raw,
      [
        batch(a, left, [{}], { final: false }),
        batch(b, right, [{}, {}], { final: false }),
        batch(a, undefined, [{}]),
        batch(b, undefined, [{}]),
      ],
      2,
    );

    const revisionOf = (id: string) =>
      answers
        .find((answer) => answer.getCorrelationId()!.getString() === id)!
        .getSuccess()!
        .getCurrentRevision();
    expect([revisionOf(a), revisionOf(b)]).toEqual(['1', '2']);
  });

  it('refuses a batch whose deadline has passed and writes nothing of it', async () => {
    const stream = newStream('late');

    const [answer] = await batchAppend(
      target().raw,
      [batch(randomUUID(), stream, [{}], { deadline: new Date(Date.now() - 1_000) })],
      1,
    );

    expect(answer!.getError()!.getDetails()!.getTypeName()).toBe('event_store.client.Timeout');
    await expect(collect(target().client.readStream(stream))).rejects.toThrow('not found');
  });

  it('answers a batch that never becomes final when its deadline passes', async () => {
    const stream = newStream('unfinished');

    const [answer] = await batchAppend(
      target().raw,
      [
        batch(randomUUID(), stream, [{}], {
          final: false,
          deadline: new Date(Date.now() + 300),
        }),
      ],
      1,
    );

    expect(answer!.getError()!.getDetails()!.getTypeName()).toBe('event_store.client.Timeout');
    await expect(collect(target().client.readStream(stream))).rejects.toThrow('not found');
  });

  it.each(['type', 'content-type'])('refuses an event without %s', async (missing) => {
    const metadata = { type: 'Raw', 'content-type': 'application/json' };
    const { [missing]: _, ...rest } = metadata as Record<string, string>;
    const stream = newStream('incomplete');

    const error = await rejection(append(target().raw, stream, 'any', [{}, { metadata: rest }]));

    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(exceptionOf(error)).toBe('missing-required-metadata-property');
    await expect(collect(target().client.readStream(stream))).rejects.toThrow('not found');
  });
});

type Setup = 'absent' | 'two events' | 'soft-deleted' | 'tombstoned' | 'metadata only';
type Outcome = number | 'deleted' | { current: AppendExpectedRevision };

const expectations: [Setup, AppendExpectedRevision, Outcome][] = [
  ['absent', ANY, 0],
  ['absent', NO_STREAM, 0],
  ['absent', STREAM_EXISTS, { current: 'no_stream' }],
  ['absent', 0n, { current: 'no_stream' }],
  ['absent', 5n, { current: 'no_stream' }],
  ['two events', ANY, 2],
  ['two events', NO_STREAM, { current: 1n }],
  ['two events', STREAM_EXISTS, 2],
  ['two events', 1n, 2],
  ['two events', 0n, { current: 1n }],
  ['two events', 2n, { current: 1n }],
  ['soft-deleted', ANY, 2],
  ['soft-deleted', NO_STREAM, 2],
  ['soft-deleted', STREAM_EXISTS, 'deleted'],
  ['soft-deleted', 1n, 2],
  ['soft-deleted', 0n, { current: 1n }],
  ['tombstoned', ANY, 'deleted'],
  ['tombstoned', NO_STREAM, 'deleted'],
  ['tombstoned', STREAM_EXISTS, 'deleted'],
  ['tombstoned', 1n, 'deleted'],
  ['metadata only', NO_STREAM, 0],
  ['metadata only', STREAM_EXISTS, 0],
  ['metadata only', 0n, { current: 'no_stream' }],
];

describe('expected revisions', () => {
  const target = useTarget();

  async function streamThatIs(setup: Setup): Promise<string> {
    const { client } = target();
    const stream = newStream(setup.replace(' ', '-'));
    if (setup === 'metadata only') await client.setStreamMetadata(stream, { owner: 'me' });
    else if (setup !== 'absent') await client.appendToStream(stream, numberedFrom(0, 2));
    if (setup === 'soft-deleted') await client.deleteStream(stream);
    if (setup === 'tombstoned') await client.tombstoneStream(stream);
    return stream;
  }

  async function batched(stream: string, expected: AppendExpectedRevision): Promise<Outcome> {
    try {
      const { nextExpectedRevision } = await target().client.appendToStream(stream, numbered(9), {
        expectedRevision: expected,
      });
      return Number(nextExpectedRevision);
    } catch (error) {
      if (error instanceof StreamDeletedError) return 'deleted';
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      if (error.streamName !== stream || error.expectedVersion !== expected) throw error;
      return { current: error.actualVersion };
    }
  }

  async function classic(stream: string, expected: AppendExpectedRevision): Promise<Outcome> {
    const raw = typeof expected === 'bigint' ? Number(expected) : expected;
    try {
      const answer = await append(target().raw, stream, raw, [{}]);
      if (answer.hasSuccess()) return Number(answer.getSuccess()!.getCurrentRevision());
      const wrong = answer.getWrongExpectedVersion()!;
      return {
        current: wrong.hasCurrentNoStream() ? 'no_stream' : BigInt(wrong.getCurrentRevision()),
      };
    } catch (error) {
      if (exceptionOf(error) === 'stream-deleted') return 'deleted';
      throw error;
    }
  }

  it.each(expectations)('a stream that is %s, appended to with %s', async (setup, expected, outcome) => {
    expect(await batched(await streamThatIs(setup), expected)).toEqual(outcome);
    expect(await classic(await streamThatIs(setup), expected)).toEqual(outcome);
  });

  it('names the expectation that failed in the answer of a classic append', async () => {
    const stream = await streamThatIs('two events');
    const absent = newStream('absent');

    const noStream = (await append(target().raw, stream, 'no_stream', [{}])).getWrongExpectedVersion()!;
    const exists = (await append(target().raw, absent, 'stream_exists', [{}])).getWrongExpectedVersion()!;
    const revision = (await append(target().raw, stream, 7, [{}])).getWrongExpectedVersion()!;

    expect(noStream.hasExpectedNoStream()).toBe(true);
    expect(exists.hasExpectedStreamExists()).toBe(true);
    expect(revision.getExpectedRevision()).toBe('7');
  });

  it('lets exactly one of many writers with the same expectation win', async () => {
    const stream = newStream('race');

    const outcomes = await Promise.allSettled(
      range(20).map((n) =>
        target().client.appendToStream(stream, numbered(n), { expectedRevision: NO_STREAM }),
      ),
    );

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await collect(target().client.readStream(stream))).toHaveLength(1);
  });

  it('refuses the whole append when the expectation fails', async () => {
    const stream = newStream('all-or-nothing');
    await target().client.appendToStream(stream, numbered(0));

    await rejection(target().client.appendToStream(stream, numberedFrom(1, 5), { expectedRevision: 7n }));

    expect(await collect(target().client.readStream(stream))).toHaveLength(1);
  });
});
