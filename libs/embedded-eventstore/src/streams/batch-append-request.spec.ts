import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import fc from 'fast-check';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import { uuidFromWire } from '../protocol/uuid-from-wire';
import { decodeBatchAppend } from './batch-append-request';

const uuid: fc.Arbitrary<UUID> = fc.oneof(
  fc.uuid().map((text) => {
    const message = new UUID();
    message.setString(text);
    return message;
  }),
  fc
    .tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -5n, max: 5n }))
    .map(([m, l]) => {
      const structured = new UUID.Structured();
      structured.setMostSignificantBits(String(m));
      structured.setLeastSignificantBits(String(l));
      const message = new UUID();
      message.setStructured(structured);
      return message;
    }),
);

const proposed = fc
  .record({
    id: uuid,
    type: fc.string({ unit: 'grapheme', maxLength: 200 }),
    contentType: fc.constantFrom('application/json', 'application/octet-stream'),
    data: fc.uint8Array({ maxLength: 400 }),
    metadata: fc.uint8Array({ maxLength: 200 }),
  })
  .filter(({ type }) => Buffer.from(type).toString() === type)
  .map(({ id, type, contentType, data, metadata }) => {
    const message = new BatchAppendReq.ProposedMessage();
    message.setId(id);
    message.getMetadataMap().set('type', type).set('other', 'x').set('content-type', contentType);
    message.setData(data);
    message.setCustomMetadata(metadata);
    return message;
  });

const options = fc
  .record({
    stream: fc.uint8Array({ maxLength: 200 }),
    expected: fc.oneof(
      fc.constantFrom('any', 'no_stream', 'stream_exists'),
      fc.maxSafeNat(),
      fc.constant(undefined),
    ),
    deadline: fc.option(fc.nat(4_000_000_000), { nil: undefined }),
  })
  .map(({ stream, expected, deadline }) => {
    const message = new BatchAppendReq.Options();
    const identifier = new StreamIdentifier();
    identifier.setStreamName(stream);
    message.setStreamIdentifier(identifier);
    if (expected === 'any') message.setAny(new Empty());
    else if (expected === 'no_stream') message.setNoStream(new Empty());
    else if (expected === 'stream_exists') message.setStreamExists(new Empty());
    else if (expected !== undefined) message.setStreamPosition(String(expected));
    if (deadline !== undefined) message.setDeadline(Timestamp.fromDate(new Date(deadline)));
    return { message, expected, deadline, stream };
  });

function encode(message: BatchAppendReq): Buffer {
  return Buffer.from(message.serializeBinary());
}

function request(withInstant: boolean): Buffer {
  const options = new BatchAppendReq.Options();
  if (withInstant) options.setDeadline(Timestamp.fromDate(new Date(5000)));
  const message = new BatchAppendReq();
  message.setOptions(options);
  message.setIsFinal(true);
  return encode(message);
}

/** How many events there are in the bytes, which need not be a message. */
function eventsIn(bytes: Buffer): number {
  try {
    return decodeBatchAppend(bytes).events.length;
  } catch (error) {
    return error instanceof RangeError ? 0 : Number.NaN;
  }
}

/** A further options field, which merges with the first as protobuf has it: `deadline = 7 { seconds, nanos }`. */
function optionsWithDuration(...duration: number[]): Buffer {
  return Buffer.from([0x12, duration.length + 2, 0x3a, duration.length, ...duration]);
}

const THREE_AND_A_HALF_SECONDS = [0x08, 3, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
const MINUS_ONE_SECOND = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

describe('the hand-written decoding of batch appends', () => {
  it('is what the generated classes encode', () => {
    fc.assert(
      fc.property(
        uuid,
        options,
        fc.array(proposed, { maxLength: 4 }),
        fc.boolean(),
        (id, given, events, isFinal) => {
          const message = new BatchAppendReq();
          message.setCorrelationId(id);
          message.setOptions(given.message);
          message.setProposedMessagesList(events);
          message.setIsFinal(isFinal);

          const decoded = decodeBatchAppend(encode(message));

          expect(Buffer.from(decoded.correlationId!)).toEqual(Buffer.from(id.serializeBinary()));
          expect({ ...decoded.options, stream: Buffer.from(decoded.options!.stream!) }).toEqual({
            stream: Buffer.from(given.stream),
            expected: given.expected,
            deadline: given.deadline,
            timeout: undefined,
          });
          expect(decoded.isFinal).toBe(isFinal);
          expect(
            decoded.events.map((event) => ({
              id: event.uuid(),
              type: event.type,
              contentType: event.contentType,
              data: Buffer.from(event.data),
              metadata: Buffer.from(event.metadata),
            })),
          ).toEqual(
            events.map((event) => ({
              id: uuidFromWire(event.getId()),
              type: event.getMetadataMap().get('type'),
              contentType: event.getMetadataMap().get('content-type'),
              data: Buffer.from(event.getData_asU8()),
              metadata: Buffer.from(event.getCustomMetadata_asU8()),
            })),
          );
        },
      ),
    );
  });

  it('leaves out what did not come', () => {
    expect(decodeBatchAppend(Buffer.alloc(0))).toEqual({
      correlationId: undefined,
      options: undefined,
      events: [],
      isFinal: false,
    });
  });

  it('knows until when an append may take, or how long', () => {
    expect(decodeBatchAppend(request(true)).options).toMatchObject({ deadline: 5000, timeout: undefined });
    const withDuration = Buffer.concat([request(false), optionsWithDuration(...THREE_AND_A_HALF_SECONDS)]);
    expect(decodeBatchAppend(withDuration)).toMatchObject({ options: { timeout: 3500 }, isFinal: true });
    const passed = Buffer.concat([request(true), optionsWithDuration(...MINUS_ONE_SECOND)]);
    expect(decodeBatchAppend(passed).options?.timeout).toBeLessThan(0);
    expect(decodeBatchAppend(passed).options?.deadline).toBeUndefined();
  });

  it('takes a revision no stream can have for what it is', () => {
    const options = new BatchAppendReq.Options();
    options.setStreamPosition('18446744073709551615');
    const message = new BatchAppendReq();
    message.setOptions(options);

    expect(decodeBatchAppend(encode(message)).options?.expected).toBe(18446744073709551615n);
  });

  it('refuses bytes that are no message, and never reads beyond them', () => {
    const message = new BatchAppendReq();
    message.setProposedMessagesList(fc.sample(proposed, { numRuns: 2, seed: 1 }));
    const whole = encode(message);

    const cutShort = Array.from({ length: whole.length - 1 }, (_, n) => eventsIn(whole.subarray(0, n + 1)));
    expect(eventsIn(whole)).toBe(2);
    expect(Math.max(...cutShort)).toBe(1);
    expect(() => decodeBatchAppend(Buffer.from([0x0f]))).toThrow(RangeError);
  });
});
