import {
  type sendUnaryData,
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
import { type NodeContext } from '../node/context';
import { ResponseStream } from '../protocol/response-stream';
import { toRpcError } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { append } from './append';
import { BatchAppendSession } from './batch-append';
import { deleteTarget, softDelete, tombstone } from './delete';
import { readAll, readStream } from './read';
import { checkPosition, readRequest } from './read-request';
import { subscribeToAll, subscribeToStream } from './subscription';

/** The streams service: read and subscribe, append, delete. */
export function streamsService(context: NodeContext): UntypedServiceImplementation {
  return {
    read: (call: ServerWritableStream<ReadReq, Buffer>) => {
      const response = new ResponseStream(call as never);
      read(context, call.request, response).catch((error: unknown) => {
        if (toRpcError(error) !== error) context.report(error);
        response.fail(toRpcError(error));
      });
    },
    append: (call: ServerReadableStream<AppendReq, AppendResp>, callback: sendUnaryData<AppendResp>) =>
      answer(context, callback, () => append(context, call as AsyncIterable<AppendReq>, () => true)),
    batchAppend: (call: ConstructorParameters<typeof BatchAppendSession>[1]) => {
      new BatchAppendSession(context, call, () => true);
    },
    delete: (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>) =>
      answer(context, callback, () => softDelete(context, deleteTarget(call.request))),
    tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>) =>
      answer(context, callback, () => tombstone(context, deleteTarget(call.request))),
  };
}

async function read(context: NodeContext, message: ReadReq, response: ResponseStream): Promise<void> {
  const { log, reader } = context;
  const request = readRequest(message);
  const { target } = request;
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
