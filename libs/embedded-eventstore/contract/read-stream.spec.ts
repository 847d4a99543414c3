import {
  BACKWARDS,
  END,
  FORWARDS,
  START,
  StreamDeletedError,
  StreamNotFoundError,
} from '@eventstore/db-client';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { status } from '@grpc/grpc-js';
import { collect, rejection } from './support/collect';
import { newStream, numberedFrom, numbersOf, range } from './support/events';
import { readRequest, readResponses } from './support/raw-streams';
import { useTarget } from './support/target';

describe('reading a stream', () => {
  const target = useTarget();
  const stream = newStream('read');
  const read = async (options: Parameters<ReturnType<typeof target>['client']['readStream']>[1]) =>
    numbersOf(await collect(target().client.readStream(stream, options)));

  beforeAll(async () => {
    await target().client.appendToStream(stream, numberedFrom(0, 10));
  });

  it.each([
    ['from the start', { direction: FORWARDS, fromRevision: START }, range(10)],
    ['from a revision', { direction: FORWARDS, fromRevision: 7n }, [7, 8, 9]],
    ['beyond the end', { direction: FORWARDS, fromRevision: 10n }, []],
    ['at most a count', { direction: FORWARDS, fromRevision: 2n, maxCount: 3 }, [2, 3, 4]],
    ['backwards from the end', { direction: BACKWARDS, fromRevision: END }, range(10).reverse()],
    ['the last one', { direction: BACKWARDS, fromRevision: END, maxCount: 1 }, [9]],
    ['backwards from a revision', { direction: BACKWARDS, fromRevision: 2n }, [2, 1, 0]],
    ['backwards from the start', { direction: BACKWARDS, fromRevision: START }, [0]],
    ['backwards beyond the end', { direction: BACKWARDS, fromRevision: 99n, maxCount: 2 }, [9, 8]],
    ['more than there are', { direction: FORWARDS, maxCount: 1_000 }, range(10)],
  ] as const)('%s', async (_, options, expected) => {
    expect(await read(options)).toEqual(expected);
  });

  it('carries positions in $all that grow with the revision', async () => {
    const events = await collect(target().client.readStream(stream));

    const commits = events.map(({ event }) => event!.position!.commit);
    expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(commits).size).toBe(10);
  });

  it('says that a stream which never was is not found, with status OK', async () => {
    const absent = newStream('absent');

    const error = await rejection(collect(target().client.readStream(absent)));
    const responses = await readResponses(target().raw, readRequest(absent));

    expect(error).toBeInstanceOf(StreamNotFoundError);
    expect(error).toMatchObject({ streamName: absent });
    expect(responses.map((response) => response.hasStreamNotFound())).toEqual([true]);
  });

  it('says the same of a stream whose events were all deleted', async () => {
    const deleted = newStream('deleted');
    await target().client.appendToStream(deleted, numberedFrom(0, 2));
    await target().client.deleteStream(deleted);

    const forwards = await rejection(collect(target().client.readStream(deleted)));
    const backwards = await rejection(
      collect(target().client.readStream(deleted, { direction: BACKWARDS, fromRevision: END })),
    );

    expect([forwards, backwards].map((e) => e instanceof StreamNotFoundError)).toEqual([true, true]);
  });

  it('refuses a tombstoned stream', async () => {
    const gone = newStream('gone');
    await target().client.appendToStream(gone, numberedFrom(0, 2));
    await target().client.tombstoneStream(gone);

    const error = await rejection(collect(target().client.readStream(gone)));

    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ streamName: gone });
  });

  it('ends at once when the reader stops early, and reads again', async () => {
    const long = newStream('long');
    await target().client.appendToStream(long, numberedFrom(0, 1_000));

    for await (const { event } of target().client.readStream(long)) {
      if (event!.revision === 3n) break;
    }

    expect(await collect(target().client.readStream(long))).toHaveLength(1_000);
  });

  it('writes ids as text or as two longs, as the caller wishes', async () => {
    const asText = await readResponses(target().raw, readRequest(stream, '1'));
    const request = readRequest(stream, '1');
    const structured = new ReadReq.Options.UUIDOption();
    structured.setStructured(new Empty());
    request.getOptions()!.setUuidOption(structured);
    const asLongs = await readResponses(target().raw, request);

    const event = (responses: typeof asText) =>
      responses
        .find((response) => response.hasEvent())!
        .getEvent()!
        .getEvent()!
        .getId()!;
    const longs = event(asLongs).getStructured()!;
    const hex = [longs.getMostSignificantBits(), longs.getLeastSignificantBits()]
      .map((bits) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0'))
      .join('');
    expect(hex).toBe(event(asText).getString().replaceAll('-', ''));
  });

  it('refuses to read nothing: a count of zero, or forwards from the end', async () => {
    const forwardsFromEnd = target().client.readStream(stream, {
      direction: FORWARDS,
      fromRevision: END,
    });

    const errors = [
      await rejection(readResponses(target().raw, readRequest(stream, '0'))),
      await rejection(collect(forwardsFromEnd)),
    ];

    expect(errors.map((error) => error.code)).toEqual([status.UNKNOWN, status.UNKNOWN]);
  });

  it('says where the stream ends to a client that asks for it', async () => {
    const request = readRequest(stream, '3');
    const control = new ReadReq.Options.ControlOption();
    control.setCompatibility(1);
    request.getOptions()!.setControlOption(control);

    const responses = await readResponses(target().raw, request);

    const { EVENT, LAST_STREAM_POSITION } = ReadResp.ContentCase;
    expect(responses.map((response) => response.getContentCase())).toEqual([
      EVENT,
      EVENT,
      EVENT,
      LAST_STREAM_POSITION,
    ]);
    expect(responses.at(-1)!.getLastStreamPosition()).toBe('9');
  });
});
