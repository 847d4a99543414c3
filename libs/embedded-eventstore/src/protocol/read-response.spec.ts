import { ReadResp as PersistentReadResp } from '@eventstore/db-client/generated/persistent_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import fc from 'fast-check';
import { STORED_TOMBSTONE_REVISION, type StoredEvent } from '../storage/stored-event';
import { encodePersistentReadEvent, encodeReadEvent } from './read-response';
import { uuidFromWire } from './uuid-from-wire';

const bytes = (length: number) => fc.uint8Array({ maxLength: length });
const storedEvent: fc.Arbitrary<StoredEvent> = fc.record({
  position: fc.maxSafeNat(),
  streamId: fc.constant(1),
  stream: fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
    .filter((name) => Buffer.from(name).toString() === name),
  revision: fc.oneof(
    fc.nat(),
    fc.maxSafeNat().filter((n) => n !== STORED_TOMBSTONE_REVISION),
  ),
  created: fc.nat({ max: 4_102_444_800_000 }),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  type: fc.string({ minLength: 1, maxLength: 200 }),
  isJson: fc.boolean(),
  data: bytes(2000),
  metadata: bytes(500),
});

function decoded(message: ReadResp.ReadEvent.RecordedEvent) {
  return {
    position: Number(message.getCommitPosition()),
    prepare: Number(message.getPreparePosition()),
    stream: Buffer.from(message.getStreamIdentifier()!.getStreamName_asU8()).toString('utf8'),
    revision: Number(message.getStreamRevision()),
    created: message.getMetadataMap().get('created'),
    id: uuidFromWire(message.getId()).toString('hex'),
    type: message.getMetadataMap().get('type'),
    contentType: message.getMetadataMap().get('content-type'),
    data: Buffer.from(message.getData_asU8()).toString('hex'),
    metadata: Buffer.from(message.getCustomMetadata_asU8()).toString('hex'),
  };
}

function expected(event: StoredEvent) {
  return {
    position: event.position,
    prepare: event.position,
    stream: event.stream,
    revision: event.revision,
    created: `${event.created}0000`,
    id: Buffer.from(event.id).toString('hex'),
    type: event.type,
    contentType: event.isJson ? 'application/json' : 'application/octet-stream',
    data: Buffer.from(event.data).toString('hex'),
    metadata: Buffer.from(event.metadata).toString('hex'),
  };
}

describe('the hand-written encoding of events', () => {
  it.each(['text', 'structured'] as const)('is what the generated classes decode, ids as %s', (uuids) => {
    fc.assert(
      fc.property(storedEvent, storedEvent, (event, link) => {
        const message = ReadResp.deserializeBinary(encodeReadEvent({ event, link }, uuids)).getEvent()!;

        expect(decoded(message.getEvent()!)).toEqual(expected(event));
        expect(decoded(message.getLink()!)).toEqual(expected(link));
        expect(Number(message.getCommitPosition())).toBe(link.position);
      }),
    );
  });

  it('says how often a message was tried', () => {
    fc.assert(
      fc.property(storedEvent, fc.nat(), (event, retries) => {
        const encoded = encodePersistentReadEvent({ event, link: undefined }, 'text', retries);
        const message = PersistentReadResp.deserializeBinary(encoded).getEvent()!;

        expect(message.getRetryCount()).toBe(retries);
        expect(message.hasLink()).toBe(false);
      }),
    );
  });

  it('gives a tombstone the largest revision there is', () => {
    const [event] = fc.sample(storedEvent, 1) as [StoredEvent];
    const tombstone = { ...event, revision: STORED_TOMBSTONE_REVISION, encoded: undefined };
    const encoded = encodeReadEvent({ event: tombstone, link: undefined }, 'text');

    expect(ReadResp.deserializeBinary(encoded).getEvent()!.getEvent()!.getStreamRevision()).toBe(
      '9223372036854775807',
    );
  });
});
