import { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb';
import { fieldsOf } from '../protocol/byte-reader';

/** Field numbers of streams.proto (21.10.1 and later). */
const OPTIONS = 2;
const DEADLINE = 7;
const SECONDS = 1;
const NANOS = 2;

/** A batch append, with the deadline that newer clients send: how long it may take. */
export interface BatchAppendRequest {
  readonly message: BatchAppendReq;
  /** ms; undefined when there is none, or an instant instead. */
  readonly timeout: number | undefined;
}

/** The generated classes are older than the duration, so it is read from the bytes. */
export function decodeBatchAppend(bytes: Uint8Array): BatchAppendRequest {
  const message = BatchAppendReq.deserializeBinary(bytes);
  const hasOwnDeadline = !message.hasOptions() || message.getOptions()!.hasDeadline();
  return { message, timeout: hasOwnDeadline ? undefined : timeoutIn(bytes) };
}

function timeoutIn(bytes: Uint8Array): number | undefined {
  for (const options of fieldsOf(bytes)) {
    if (options.number !== OPTIONS) continue;
    for (const deadline of fieldsOf(options.bytes)) {
      if (deadline.number === DEADLINE) return milliseconds(deadline.bytes);
    }
  }
  return undefined;
}

/** A negative duration, which is a very large varint, has passed already. */
function milliseconds(duration: Uint8Array): number {
  let ms = 0;
  for (const { number, value } of fieldsOf(duration)) {
    const signed = value > Number.MAX_SAFE_INTEGER ? -1 : value;
    if (number === SECONDS) ms += signed * 1000;
    if (number === NANOS) ms += signed / 1_000_000;
  }
  return ms;
}
