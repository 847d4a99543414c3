import {
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import persistent from '@eventstore/db-client/generated/persistent_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type Caller } from '../access/caller';
import { ALL_STREAM } from '../access/stream-access';
import { type NodeContext } from '../node/context';
import { accessDenied, unhandled } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { ConsumerSession } from './consumer-session';
import { groupDoesNotExist, groupFailed } from './errors';
import { subscriptionInfo } from './info';
import { type GroupRegistry } from './registry';
import { definitionFrom, streamNameOf } from './requests';

/** The persistent subscriptions service. */
export function persistentSubscriptionsService(
  context: NodeContext,
  registry: GroupRegistry,
): UntypedServiceImplementation {
  const unary =
    <Req, Resp>(may: (caller: Caller) => boolean, work: (request: Req, by: string) => Resp | Promise<Resp>) =>
    (call: ServerUnaryCall<Req, Resp>, callback: sendUnaryData<Resp>): void =>
      answer(context, callback, async () => {
        const by = await permitted(context, call.metadata, may);
        return work(call.request, by);
      });
  const operator = (caller: Caller): boolean => caller.isOperator;
  const anybody = (caller: Caller): boolean => caller.isAuthenticated;

  return {
    create: unary(operator, async (request: persistent.CreateReq, by) => {
      await registry.create(definitionFrom(request, context.log), by);
      return new persistent.CreateResp();
    }),
    update: unary(operator, async (request: persistent.UpdateReq, by) => {
      await registry.update(definitionFrom(request, context.log), by);
      return new persistent.UpdateResp();
    }),
    delete: unary(operator, async (request: persistent.DeleteReq, by) => {
      const { stream, group } = named(request.getOptions());
      await registry.delete(stream, group, by);
      return new persistent.DeleteResp();
    }),
    getInfo: unary(anybody, (request: persistent.GetInfoReq) => {
      const { stream, group } = named(request.getOptions());
      const response = new persistent.GetInfoResp();
      response.setSubscriptionInfo(subscriptionInfo(registry.get(stream, group), context.now()));
      return response;
    }),
    list: unary(anybody, (request: persistent.ListReq) => list(request, registry, context.now())),
    replayParked: unary(operator, (request: persistent.ReplayParkedReq) => {
      const options = request.getOptions();
      const { stream, group } = named(options);
      if (!options?.hasStopAt() && !options?.hasNoLimit()) throw unhandled();
      const stopAt = options.hasStopAt() ? Number(options.getStopAt()) : undefined;
      if (stopAt !== undefined && stopAt < 0) {
        throw groupFailed(stream, group, 'Cannot stop replaying parked message at a negative version.');
      }
      registry.get(stream, group).replayParked(stopAt);
      return new persistent.ReplayParkedResp();
    }),
    restartSubsystem: unary(operator, () => {
      registry.restart();
      return new Empty();
    }),
    read: (call: ServerDuplexStream<persistent.ReadReq, Buffer>) => {
      new ConsumerSession(context, registry, call);
    },
  };
}

async function permitted(
  context: NodeContext,
  metadata: Metadata,
  may: (caller: Caller) => boolean,
): Promise<string> {
  const caller = await context.gate.identify(metadata);
  if (!may(caller)) throw accessDenied();
  return caller.name ?? 'anonymous';
}

function named(
  options:
    | {
        hasAll(): boolean;
        getGroupName(): string;
        getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
      }
    | undefined,
): { stream: string; group: string } {
  if (!options) throw unhandled();
  return { stream: options.hasAll() ? ALL_STREAM : streamNameOf(options), group: options.getGroupName() };
}

function list(request: persistent.ListReq, registry: GroupRegistry, now: number): persistent.ListResp {
  const options = request.getOptions();
  const forStream = options?.getListForStream();
  if (!options?.hasListAllSubscriptions() && !forStream) throw unhandled();
  let groups = registry.list();
  if (forStream) {
    const stream = forStream.hasAll()
      ? ALL_STREAM
      : streamNameOf({ getStreamIdentifier: () => forStream.getStream() });
    groups = groups.filter(({ definition }) => definition.stream === stream);
    if (groups.length === 0) throw groupDoesNotExist(stream, '');
  }
  const response = new persistent.ListResp();
  response.setSubscriptionsList(groups.map((group) => subscriptionInfo(group, now)));
  return response;
}
