import { WrongExpectedVersionError } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb';
import status from '@eventstore/db-client/generated/status_pb';
import streams from '@eventstore/db-client/generated/streams_pb';
import { uuidBytes } from '@latchkey/eventstore-wire';
import fc from 'fast-check';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { decodeAppendAnswer } from './append-answer';
import { encodeAppend, type SentEvent } from './append-request';
import { decodeReadAnswer } from './read-answer';

/** Text that is the same once it has been UTF-8. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', maxLength }).filter((each) => Buffer.from(each).toString() === each);
const json = fc.jsonValue().map((value) => JSON.stringify(value));
const number = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32));
const long = fc.oneof(number.map(BigInt), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

const sent: fc.Arbitrary<SentEvent> = fc.record({
  id: fc.uuid(),
  type: text(200),
  data: json,
  metadata: json,
});

function uuid(id: string): shared.UUID {
  const message = new shared.UUID();
  message.setString(id);
  return message;
}

function structured(id: string): shared.UUID {
  const bytes = uuidBytes(id);
  const longs = new shared.UUID.Structured();
  longs.setMostSignificantBits(String(bytes.readBigInt64BE(0)));
  longs.setLeastSignificantBits(String(bytes.readBigInt64BE(8)));
  const message = new shared.UUID();
  message.setStructured(longs);
  return message;
}

function streamOf(name: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(name, 'utf8'));
  return identifier;
}

const decoded = (message: Buffer): streams.BatchAppendReq =>
  streams.BatchAppendReq.deserializeBinary(message);
const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

describe('a request to append', () => {
  const expected = fc.oneof(number, fc.constantFrom('any' as const, 'no-stream' as const, -1));

  it('is what the generated classes read', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        text(300),
        expected,
        number,
        fc.array(sent, { maxLength: 5 }),
        (correlationId, stream, expected, deadline, events) => {
          const [message, ...more] = encodeAppend({ correlationId, stream, expected, deadline, events });
          const request = decoded(message!);
          const options = request.getOptions()!;

          expect(more).toEqual([]);
          expect(request.getIsFinal()).toBe(true);
          expect(request.getCorrelationId()!.getString()).toBe(correlationId);
          expect(utf8(options.getStreamIdentifier()!.getStreamName_asU8())).toBe(stream);
          expect(options.getDeadline()!.getSeconds()).toBe(deadline);
          const isNone = expected === 'no-stream' || expected === -1;
          expect([options.hasAny(), options.hasNoStream(), options.getStreamPosition()]).toEqual([
            expected === 'any',
            isNone,
            expected === 'any' || isNone ? '0' : String(expected),
          ]);
          expect(
            request.getProposedMessagesList().map((each) => ({
              id: each.getId()!.getString(),
              type: each.getMetadataMap().get('type'),
              contentType: each.getMetadataMap().get('content-type'),
              data: utf8(each.getData_asU8()),
              metadata: utf8(each.getCustomMetadata_asU8()),
            })),
          ).toEqual(events.map((each) => ({ ...each, contentType: 'application/json' })));
        },
      ),
    );
  });

  it('takes several messages where the events are large, of which the first has the options', () => {
    const event = (n: number): SentEvent => ({
      id: `00000000-0000-4000-8000-00000000000${n}`,
      type: 'Large',
      data: JSON.stringify('x'.repeat(2 * 1024 * 1024)),
      metadata: '{}',
    });
    const request = { correlationId: event(0).id, stream: 's', expected: 4, deadline: 1 };
    const messages = encodeAppend({ ...request, events: [1, 2, 3].map(event) }).map(decoded);

    expect(messages.map((each) => [each.hasOptions(), each.getIsFinal()])).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ]);
    expect(new Set(messages.map((each) => each.getCorrelationId()!.getString()))).toEqual(
      new Set([event(0).id]),
    );
    expect(messages.flatMap((each) => each.getProposedMessagesList()).length).toBe(3);
  });
});

describe('an answer to an append', () => {
  it('tells where the events are, in either form of ids', () => {
    fc.assert(
      fc.property(fc.uuid(), number, long, long, fc.boolean(), (id, revision, commit, prepare, asLongs) => {
        const position = new shared.AllStreamPosition();
        position.setCommitPosition(String(commit));
        position.setPreparePosition(String(prepare));
        const success = new streams.BatchAppendResp.Success();
        success.setCurrentRevision(String(revision));
        success.setPosition(position);
        const answer = new streams.BatchAppendResp();
        answer.setCorrelationId(asLongs ? structured(id) : uuid(id));
        answer.setSuccess(success);

        expect(decodeAppendAnswer(Buffer.from(answer.serializeBinary()))).toEqual({
          correlationId: id,
          outcome: { revision, position: { commit, prepare } },
        });
      }),
    );
  });

  it('tells why nothing was appended', () => {
    const conflict = new shared.WrongExpectedVersion();
    conflict.setCurrentStreamRevision('7');
    const details = new Any();
    details.pack(conflict.serializeBinary(), 'event_store.client.WrongExpectedVersion');
    const error = new status.Status();
    error.setDetails(details);
    const answer = new streams.BatchAppendResp();
    answer.setCorrelationId(uuid('6f2b1f3e-8f0c-4a51-9f53-0c9ff1f4f6f1'));
    answer.setError(error);
    answer.setStreamIdentifier(streamOf('code-1'));

    const { outcome } = decodeAppendAnswer(Buffer.from(answer.serializeBinary()));

    expect(outcome).toBeInstanceOf(WrongExpectedVersionError);
    expect(outcome).toMatchObject({ streamName: 'code-1', actualVersion: 7n });
  });
});

describe('an answer to a subscription', () => {
  const read = (build: (answer: streams.ReadResp) => void) => {
    const answer = new streams.ReadResp();
    build(answer);
    return decodeReadAnswer(Buffer.from(answer.serializeBinary()));
  };

  interface Stored {
    readonly id: string;
    readonly stream: string;
    readonly type: string;
    readonly contentType: string;
    readonly data: Uint8Array;
    readonly metadata: Uint8Array;
    readonly revision: number;
    readonly commit: bigint;
    readonly prepare: bigint;
    readonly ms: number;
    /** Beyond the millisecond, of 100 nanoseconds each. */
    readonly ticks: number;
  }
  const event = (stored: Stored) =>
    read((answer) => {
      const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
      recorded.setId(uuid(stored.id));
      recorded.setStreamIdentifier(streamOf(stored.stream));
      recorded.setStreamRevision(String(stored.revision));
      recorded.setCommitPosition(String(stored.commit));
      recorded.setPreparePosition(String(stored.prepare));
      const created = String(BigInt(stored.ms) * 10_000n + BigInt(stored.ticks));
      recorded
        .getMetadataMap()
        .set('type', stored.type)
        .set('created', created)
        .set('content-type', stored.contentType);
      recorded.setData(stored.data);
      recorded.setCustomMetadata(stored.metadata);
      const resolved = new streams.ReadResp.ReadEvent();
      resolved.setEvent(recorded);
      resolved.setCommitPosition(String(stored.commit));
      answer.setEvent(resolved);
    });
  const stored = fc.record({
    ...{ id: fc.uuid(), stream: text(300), type: text(200), revision: number, commit: long, prepare: long },
    ms: fc.integer({ min: Date.UTC(2020), max: Date.UTC(2400) }),
    ticks: fc.nat(9_999),
  });

  it('is an event as it was appended', () => {
    fc.assert(
      fc.property(stored, json, json, (of, data, metadata) => {
        const { id, stream, type, revision, commit, prepare } = of;
        const written = { data, metadata };
        const bytes = { data: Buffer.from(data), metadata: Buffer.from(metadata) };

        expect(event({ ...of, ...bytes, contentType: 'application/json' })).toEqual({
          is: 'event',
          event: {
            ...{ id, stream, type, revision, position: { commit, prepare }, recordedAt: of.ms, written },
            data: JSON.parse(data) as unknown,
            metadata: JSON.parse(metadata) as unknown,
          },
        });
      }),
    );
  });

  it('is a foreign event as it is: bytes, JSON that is none, and no metadata', () => {
    const [of] = fc.sample(stored, { numRuns: 1, seed: 1 });
    const bytes = Buffer.from([1, 2, 255]);
    const none = Buffer.alloc(0);
    const of2 = (contentType: string, data: Uint8Array, metadata: Uint8Array) => {
      const answer = event({ ...of!, contentType, data, metadata });
      return answer.is === 'event' && answer.event;
    };

    expect(of2('application/octet-stream', bytes, none)).toMatchObject({ data: bytes, metadata: undefined });
    expect(of2('application/octet-stream', bytes, none)).not.toHaveProperty('written');
    expect(of2('application/json', Buffer.from('{oh'), bytes)).toMatchObject({
      data: '{oh',
      metadata: bytes,
    });
  });

  it('says that the subscription is taken, how far it has come, and that history is behind', () => {
    expect(read((answer) => answer.setConfirmation(new streams.ReadResp.SubscriptionConfirmation()))).toEqual(
      {
        is: 'confirmation',
      },
    );
    expect(read((answer) => answer.setCaughtUp(new streams.ReadResp.CaughtUp()))).toEqual({
      is: 'caught-up',
    });
    expect(read((answer) => answer.setFellBehind(new streams.ReadResp.FellBehind()))).toEqual({
      is: 'other',
    });
    const checkpoint = new streams.ReadResp.Checkpoint();
    checkpoint.setCommitPosition(String(2n ** 63n));
    checkpoint.setPreparePosition('5');
    expect(read((answer) => answer.setCheckpoint(checkpoint))).toEqual({
      is: 'checkpoint',
      position: { commit: 2n ** 63n, prepare: 5n },
    });
  });

  it('is refused where it is no message', () => {
    expect(() => decodeReadAnswer(Buffer.from([0x0a, 200]))).toThrow(RangeError);
  });
});
