import { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { UUID } from '@eventstore/db-client/generated/shared_pb';
import fc from 'fast-check';
import { encodeAppended, encodeRefused } from './batch-append-response';
import { wrongExpectedVersion } from './batch-append-status';

const correlationId = fc.uuid().map((text) => {
  const message = new UUID();
  message.setString(text);
  return { text, bytes: message.serializeBinary() };
});
const stream = fc.uint8Array({ minLength: 1, maxLength: 300 });

describe('the hand-written encoding of answers to batch appends', () => {
  it('is what the generated classes decode', () => {
    const position = fc.option(fc.maxSafeNat(), { nil: undefined });
    const revision = fc.oneof(fc.constant(-1), fc.maxSafeNat());
    fc.assert(
      fc.property(correlationId, stream, revision, position, (id, name, lastRevision, at) => {
        const decoded = BatchAppendResp.deserializeBinary(encodeAppended(id.bytes, name, lastRevision, at));
        const success = decoded.getSuccess()!;

        expect(decoded.getCorrelationId()!.getString()).toBe(id.text);
        expect(Buffer.from(decoded.getStreamIdentifier()!.getStreamName_asU8())).toEqual(Buffer.from(name));
        expect(decoded.hasError()).toBe(false);
        expect(success.hasNoStream()).toBe(lastRevision < 0);
        expect(success.hasCurrentRevision() ? Number(success.getCurrentRevision()) : -1).toBe(lastRevision);
        expect(success.hasNoPosition()).toBe(at === undefined);
        const commit = success.getPosition()?.getCommitPosition();
        expect(commit && Number(commit)).toBe(at);
        expect(success.getPosition()?.getPreparePosition()).toBe(commit);
      }),
    );
  });

  it('says why it was refused, and leaves out what is not known', () => {
    const error = wrongExpectedVersion(7, 'no_stream');
    const [id] = fc.sample(correlationId, { numRuns: 1, seed: 1 });
    const full = BatchAppendResp.deserializeBinary(encodeRefused(id!.bytes, Buffer.from('s'), error));
    const bare = BatchAppendResp.deserializeBinary(encodeRefused(undefined, undefined, error));

    expect(full.getError()!.toObject()).toEqual(error.toObject());
    expect(full.getCorrelationId()!.getString()).toBe(id!.text);
    expect(Buffer.from(full.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe('s');
    expect(bare.getError()!.toObject()).toEqual(error.toObject());
    expect(bare.hasCorrelationId() || bare.hasStreamIdentifier()).toBe(false);
  });
});
