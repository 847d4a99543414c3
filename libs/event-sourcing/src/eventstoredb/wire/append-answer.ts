import { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { unpackToCommandError } from '@eventstore/db-client/dist/streams/appendToStream/unpackError';
import { FieldReader, uuidTextInMessage } from '@latchkey/eventstore-wire';
import type { Appended, Position } from '../../event-store';
import { positionIn } from './positions';

/** What became of an append. */
export interface AppendAnswer {
  /** Of which request: a UUID. */
  readonly correlationId: string;
  /** Or why nothing was appended. */
  readonly outcome: Appended | Error;
}

const NOWHERE: Position = { commit: 0n, prepare: 0n };

/**
 * `BatchAppendResp`. Field numbers are those of streams.proto.
 * @throws RangeError when the bytes are no message
 */
export function decodeAppendAnswer(bytes: Buffer): AppendAnswer {
  let correlationId: Buffer | undefined;
  let outcome: Appended | Error = { revision: -1, position: NOWHERE };
  for (const field = new FieldReader(bytes); field.next();) {
    if (field.number === 1) correlationId = field.bytes();
    else if (field.number === 2) outcome = refusal(bytes);
    else if (field.number === 3) outcome = success(field.inner());
  }
  return { correlationId: uuidTextInMessage(correlationId), outcome };
}

function success(field: FieldReader): Appended {
  let revision = -1;
  let position = NOWHERE;
  while (field.next()) {
    if (field.number === 1) revision = field.value;
    else if (field.number === 3) position = positionIn(field.inner());
  }
  return { revision, position };
}

/** Refusals are rare, and come in many kinds: they are left to the client's own classes. */
function refusal(bytes: Buffer): Error {
  const answer = BatchAppendResp.deserializeBinary(bytes);
  const stream = answer.getStreamIdentifier()?.getStreamName_asU8() ?? [];
  return unpackToCommandError(answer.getError()!, Buffer.from(stream).toString('utf8'));
}
