import {
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type {
  AppendReq,
  AppendResp,
  DeleteReq,
  DeleteResp,
  ReadReq,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import { ALL_STREAM } from '../access/caller';
import { type NodeContext } from './context';
import { ResponseStream } from '../protocol/response-stream';
import { accessDenied, isFault, toRpcError } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { append, type Target } from './append';
import { BatchAppendSession } from './batch-append';
import { type BatchAppendRequest } from './batch-append-request';
import { deleteTarget, softDelete, tombstone } from './delete';
import { readAll, readStream } from './read';
import { checkPosition, readRequest } from './read-request';
import { subscribeToAll, subscribeToStream } from './subscription';

/** The streams service: read and subscribe, append, delete. */
export function streamsService(context: NodeContext): UntypedServiceImplementation {
  return {
    read: reads(context),
    append: (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>) =>
      answer(context, callback, async () => {
        const caller = await context.gate.identify(call.metadata);
        const requests = call as AsyncIterable<AppendReq>;
        return append(context, requests, (stream) => caller.may('write', stream));
      }),
    batchAppend: (call: ServerDuplexStream<BatchAppendRequest, Buffer>) => {
      new BatchAppendSession(context, call);
    },
    delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) =>
      answer(context, callback, async () =>
        softDelete(context, await permitted(context, call.metadata, deleteTarget(call.request))),
      ),
    tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) =>
      answer(context, callback, async () =>
        tombstone(context, await permitted(context, call.metadata, deleteTarget(call.request))),
      ),
  };
}

/** The streams service for those who may read: whatever writes is refused before anything of it is looked at. */
export function readOnlyStreamsService(context: NodeContext): UntypedServiceImplementation {
  const refuse = (_call: unknown, callback: sendUnaryData<never>): void => callback(accessDenied());
  return {
    read: reads(context),
    append: refuse,
    delete: refuse,
    tombstone: refuse,
    batchAppend: (call: ServerDuplexStream<unknown, unknown>) => void call.emit('error', accessDenied()),
  };
}

function reads(context: NodeContext): (call: ServerWritableStream<ReadReq, Buffer>) => void {
  return (call) => {
    const response = new ResponseStream(call as never);
    read(context, call, response).catch((error: unknown) => {
      if (isFault(error)) context.report(error);
      response.fail(toRpcError(error));
    });
  };
}

async function permitted(context: NodeContext, metadata: Metadata, target: Target): Promise<Target> {
  const caller = await context.gate.identify(metadata);
  if (!caller.may('delete', target.stream)) throw accessDenied();
  return target;
}

async function read(
  context: NodeContext,
  call: ServerWritableStream<ReadReq, Buffer>,
  response: ResponseStream,
): Promise<void> {
  const { log } = context;
  const caller = await context.gate.identify(call.metadata);
  const request = readRequest(call.request);
  const { target } = request;
  if (!caller.may('read', target.kind === 'all' ? ALL_STREAM : target.name)) throw accessDenied();
  response.onEnd(caller.onLoginEnded(() => response.fail(accessDenied())));
  // A link shows its reader nothing that reader may not read.
  const reader = context.reader.forReader((stream) => caller.may('read', stream));
  const subscribes = request.maxCount === undefined;
  if (target.kind === 'stream') {
    return subscribes
      ? subscribeToStream(log, reader, request, target.name, response)
      : readStream(reader, request, target.name, response);
  }
  checkPosition(log, request.from);
  return subscribes
    ? subscribeToAll(log, reader, request, response)
    : readAll(log, reader, request, response);
}
