import {
  type sendUnaryData,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  ScavengeResp,
  type StartScavengeReq,
  type StopScavengeReq,
} from '@eventstore/db-client/generated/operations_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type NodeContext } from '../streams/context';
import { type GroupRegistry } from '../persistent-subscriptions/registry';
import { accessDenied, RpcError } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { type ScavengeAnswer, type Scavenger } from './scavenger';

/** The operations service, for $ops and $admins. */
export function operationsService(
  context: NodeContext,
  scavenger: Scavenger,
  groups: GroupRegistry,
  shutDown: () => void,
): UntypedServiceImplementation {
  const unary =
    <Req, Resp>(work: (request: Req) => Resp | Promise<Resp>) =>
    (call: ServerUnaryCall<Req, Resp>, callback: sendUnaryData<Resp>): void =>
      answer(context, callback, async () => {
        const caller = await context.gate.identify(call.metadata);
        if (!caller.isOperator) throw accessDenied();
        return work(call.request);
      });
  const nothing = unary(() => new Empty());

  return {
    startScavenge: unary((_request: StartScavengeReq) => response(scavenger.start())),
    stopScavenge: unary(async (request: StopScavengeReq) => {
      const id = request.getOptions()?.getScavengeId() ?? '';
      const stopped = await scavenger.stop(id);
      if (!stopped) throw scavengeNotFound(id);
      return response(stopped);
    }),
    shutdown: unary(() => {
      // The answer goes out first.
      setImmediate(shutDown);
      return new Empty();
    }),
    restartPersistentSubscriptions: unary(() => {
      groups.restart();
      return new Empty();
    }),
    // There are no index files to merge, and a single node has nobody to resign to.
    mergeIndexes: nothing,
    resignNode: nothing,
    setNodePriority: nothing,
  };
}

function response({ id, result }: ScavengeAnswer): ScavengeResp {
  const { STARTED, INPROGRESS, STOPPED } = ScavengeResp.ScavengeResult;
  const message = new ScavengeResp();
  message.setScavengeId(id);
  message.setScavengeResult(result === 'started' ? STARTED : result === 'in-progress' ? INPROGRESS : STOPPED);
  return message;
}

function scavengeNotFound(id: string): RpcError {
  return new RpcError(status.NOT_FOUND, 'Scavenge id was invalid.', {
    exception: 'scavenge-not-found',
    'scavenge-id': id,
  });
}
