import { status } from '@grpc/grpc-js';
import { RpcError } from '../protocol/rpc-error';

/** The errors of persistent subscriptions, as clients know them. */

export function groupDoesNotExist(stream: string, group: string): RpcError {
  return new RpcError(
    status.NOT_FOUND,
    `Subscription group ${group} on stream ${stream} does not exist.`,
    trailers('persistent-subscription-does-not-exist', stream, group),
  );
}

export function groupExists(stream: string, group: string): RpcError {
  return new RpcError(
    status.ALREADY_EXISTS,
    `Subscription group ${group} on stream ${stream} exists.`,
    trailers('persistent-subscription-exists', stream, group),
  );
}

export function groupFailed(stream: string, group: string, reason: string): RpcError {
  return new RpcError(
    status.INTERNAL,
    `Subscription group ${group} on stream ${stream} failed: '${reason}'`,
    { ...trailers('persistent-subscription-failed', stream, group), reason },
  );
}

export function groupDropped(stream: string, group: string): RpcError {
  return new RpcError(
    status.CANCELLED,
    `Subscription group ${group} on stream ${stream} was dropped.`,
    trailers('persistent-subscription-dropped', stream, group),
  );
}

export function maximumSubscribersReached(stream: string, group: string): RpcError {
  return new RpcError(
    status.FAILED_PRECONDITION,
    `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
    trailers('maximum-subscribers-reached', stream, group),
  );
}

function trailers(exception: string, stream: string, group: string): Record<string, string> {
  return { exception, 'stream-name': stream, 'group-name': group };
}
