import code, { type Code } from '@eventstore/db-client/generated/code_pb';
import shared from '@eventstore/db-client/generated/shared_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { type ExpectedRevision } from './expected-revision';

/** The errors of a batch append, each a google.rpc.Status whose details say what kind it is. */

interface Packable {
  serializeBinary(): Uint8Array;
}

function failure(statusCode: Code, message: string, typeName: string, details: Packable): Status {
  const any = new Any();
  any.pack(details.serializeBinary(), typeName);
  const status = new Status();
  status.setCode(statusCode);
  status.setMessage(message);
  status.setDetails(any);
  return status;
}

export function wrongExpectedVersion(current: number, expected: ExpectedRevision): Status {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'any') details.setExpectedAny(new Empty());
  else if (expected === 'no_stream') details.setExpectedNoStream(new Empty());
  else if (expected === 'stream_exists') details.setExpectedStreamExists(new Empty());
  else details.setExpectedStreamPosition(String(expected));
  return failure(
    code.Code.ALREADY_EXISTS,
    'WrongExpectedVersion',
    'event_store.client.WrongExpectedVersion',
    details,
  );
}

export function streamDeleted(stream: string): Status {
  const details = new shared.StreamDeleted();
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream, 'utf8'));
  details.setStreamIdentifier(identifier);
  return failure(code.Code.NOT_FOUND, 'StreamDeleted', 'event_store.client.StreamDeleted', details);
}

export function accessDenied(): Status {
  return failure(
    code.Code.PERMISSION_DENIED,
    'AccessDenied',
    'event_store.client.AccessDenied',
    new shared.AccessDenied(),
  );
}

export function timeout(): Status {
  return failure(code.Code.DEADLINE_EXCEEDED, 'Timeout', 'event_store.client.Timeout', new shared.Timeout());
}

export function unknown(): Status {
  return failure(code.Code.UNKNOWN, 'Unknown', 'event_store.client.Unknown', new shared.Unknown());
}

export function maximumAppendSizeExceeded(maxAppendSize: number): Status {
  const details = new shared.MaximumAppendSizeExceeded();
  details.setMaxappendsize(maxAppendSize);
  return failure(
    code.Code.INVALID_ARGUMENT,
    'MaximumAppendSizeExceeded',
    'event_store.client.MaximumAppendSizeExceeded',
    details,
  );
}

export function badRequest(message: string): Status {
  const details = new shared.BadRequest();
  details.setMessage(message);
  return failure(code.Code.INVALID_ARGUMENT, 'BadRequest', 'event_store.client.BadRequest', details);
}
