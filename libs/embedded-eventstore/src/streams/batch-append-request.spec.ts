import { UUID } from '@eventstore/db-client/generated/shared_pb';
import { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { Timestamp } from 'google-protobuf/google/protobuf/timestamp_pb';
import { decodeBatchAppend } from './batch-append-request';

function request(withInstant: boolean): Buffer {
  const id = new UUID();
  id.setString('6f1a9a5e-2d38-4c73-9d9a-0c7a4c0b1e11');
  const options = new BatchAppendReq.Options();
  if (withInstant) options.setDeadline(Timestamp.fromDate(new Date()));
  const message = new BatchAppendReq();
  message.setCorrelationId(id);
  message.setOptions(options);
  message.setIsFinal(true);
  return Buffer.from(message.serializeBinary());
}

/** A further options field, which merges with the first as protobuf has it: `deadline = 7 { seconds: 3, nanos: 500 ms }`. */
const DURATION = Buffer.from([0x08, 3, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
const OPTIONS_WITH_DURATION = Buffer.from([0x12, DURATION.length + 2, 0x3a, DURATION.length, ...DURATION]);

describe('a batch append', () => {
  it('may say how long it may take', () => {
    const { message, timeout } = decodeBatchAppend(Buffer.concat([request(false), OPTIONS_WITH_DURATION]));

    expect(timeout).toBe(3500);
    expect(message.getIsFinal()).toBe(true);
  });

  it('may say until when, or nothing', () => {
    expect(decodeBatchAppend(request(true)).timeout).toBeUndefined();
    expect(decodeBatchAppend(request(false)).timeout).toBeUndefined();
  });
});
