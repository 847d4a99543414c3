import { Metadata, status } from '@grpc/grpc-js';
import { DamagedEvent } from '../storage/checksum';

/** An error as it goes to the client: a gRPC status and the details by which clients tell errors apart. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly metadata: Metadata;

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(details);
    this.metadata = new Metadata();
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, headerValue(value));
  }
}

/** Header values are printable ASCII; a name may be anything. */
function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}

export function invalidArgument(details: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, details);
}

/** What a real server says when something it did not foresee went wrong, a malformed request included. */
export function unhandled(details = 'Exception was thrown by handler.'): RpcError {
  return new RpcError(status.UNKNOWN, details);
}

export function accessDenied(): RpcError {
  return new RpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
}

export function streamDeleted(stream: string): RpcError {
  return new RpcError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });
}

export function wrongExpectedVersion(
  operation: string,
  stream: string,
  expected: number | bigint,
  actual: number,
): RpcError {
  return new RpcError(
    status.FAILED_PRECONDITION,
    `${operation} failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${actual}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(expected),
      'actual-version': String(actual),
    },
  );
}

export function maxAppendSizeExceeded(maxAppendSize: number): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `Maximum Append Size of ${maxAppendSize} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(maxAppendSize),
  });
}

export function requiredMetadataMissing(property: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

/** The client went away, or broke off, in the middle of its request: nothing is wrong with the node. */
function isClientGone(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ERR_HTTP2_STREAM_ERROR';
}

/** Any error as one that may go to a client. What went wrong inside is logged by the caller, not sent. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (isClientGone(error)) return new RpcError(status.CANCELLED, 'The call was broken off.');
  if (error instanceof DamagedEvent) return new RpcError(status.DATA_LOSS, error.message);
  if ((error as { code?: string }).code?.startsWith?.('SQLITE_FULL')) {
    return new RpcError(status.RESOURCE_EXHAUSTED, 'The disk is full.');
  }
  return unhandled();
}

/** Whether an error is a fault of the node itself, to be reported to its operator. */
export function isFault(error: unknown): boolean {
  return !(error instanceof RpcError) && !isClientGone(error);
}
