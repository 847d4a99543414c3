import {
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import persistent from '@eventstore/db-client/generated/persistent_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type Caller } from '../access/caller';
import { ALL_STREAM } from '../access/caller';
import { type NodeContext } from '../streams/context';
import { accessDenied, type RpcError, unhandled } from '../protocol/rpc-error';
import { answer } from '../protocol/unary';
import { ConsumerSession } from './consumer-session';
import { groupDoesNotExist, groupFailed } from './errors';
import { subscriptionInfo } from './info';
import { type GroupDefinition } from './group-settings';
import { type GroupRegistry } from './registry';
import { definitionFrom, streamNameOf } from './requests';

/** A request by somebody who is known, and one answer. */
function answering(context: NodeContext) {
  return <Req, Resp>(work: (request: Req, caller: Caller) => Resp | Promise<Resp>) =>
    (call: ServerUnaryCall<Req, Resp>, callback: sendUnaryData<Resp>): void =>
      answer(context, callback, async () => {
        const caller = await context.gate.identify(call.metadata);
        if (!caller.isAuthenticated) throw accessDenied();
        return work(call.request, caller);
      });
}

function checkMayManage(caller: Caller, stream: string): void {
  if (!caller.mayManageGroupsOf(stream)) throw accessDenied();
}

/** The persistent subscriptions service. */
export function persistentSubscriptionsService(
  context: NodeContext,
  registry: GroupRegistry,
): UntypedServiceImplementation {
  const unary = answering(context);
  return {
    create: unary(async (request: persistent.CreateReq, caller) => {
      const definition = definitionFrom(request, context.log);
      checkMayManage(caller, definition.stream);
      checkBounds(definition, registry, caller);
      await registry.create(definition, nameOf(caller));
      return new persistent.CreateResp();
    }),
    update: unary(async (request: persistent.UpdateReq, caller) => {
      const definition = definitionFrom(request, context.log);
      checkMayManage(caller, definition.stream);
      checkBounds(definition, registry, caller);
      await registry.update(definition, nameOf(caller));
      return new persistent.UpdateResp();
    }),
    delete: unary(async (request: persistent.DeleteReq, caller) => {
      const { stream, group } = named(request.getOptions());
      checkMayManage(caller, stream);
      await registry.delete(stream, group, nameOf(caller));
      return new persistent.DeleteResp();
    }),
    getInfo: unary((request: persistent.GetInfoReq, caller) => {
      const { stream, group } = named(request.getOptions());
      if (!caller.maySeeGroup(stream, group)) throw accessDenied();
      const response = new persistent.GetInfoResp();
      response.setSubscriptionInfo(subscriptionInfo(registry.get(stream, group), context.now()));
      return response;
    }),
    list: unary((request: persistent.ListReq, caller) => list(request, registry, caller, context.now())),
    replayParked: unary((request: persistent.ReplayParkedReq, caller) => {
      const options = request.getOptions();
      const { stream, group } = named(options);
      checkMayManage(caller, stream);
      registry.get(stream, group).replayParked(stopAtOf(options, stream, group));
      return new persistent.ReplayParkedResp();
    }),
    restartSubsystem: unary((_request: Empty, caller) => {
      if (!caller.isOperator) throw accessDenied();
      registry.restart();
      return new Empty();
    }),
    read: (call: ServerDuplexStream<persistent.ReadReq, Buffer>) => {
      new ConsumerSession(context, registry, call);
    },
  };
}

/** @returns the revision before which parked messages are replayed; undefined for all of them */
function stopAtOf(
  options: persistent.ReplayParkedReq.Options | undefined,
  stream: string,
  group: string,
): number | undefined {
  if (!options?.hasStopAt() && !options?.hasNoLimit()) throw unhandled();
  const stopAt = options.hasStopAt() ? Number(options.getStopAt()) : undefined;
  if (stopAt !== undefined && stopAt < 0) {
    throw groupFailed(stream, group, 'Cannot stop replaying parked message at a negative version.');
  }
  return stopAt;
}

/** The most groups on a stream to which its subscribers may add. */
const MOST_GROUPS_OF_SUBSCRIBERS = 100;

/** What one who does not run the node may make it keep in memory is bounded. */
function checkBounds(definition: GroupDefinition, registry: GroupRegistry, caller: Caller): void {
  if (caller.isOperator) return;
  const { stream, group, settings } = definition;
  const refuse = (reason: string): RpcError => groupFailed(stream, group, reason);
  if (
    Math.max(settings.historyBufferSize, settings.liveBufferSize, settings.readBatchSize) > caller.bufferLimit
  ) {
    throw refuse(`Buffers must not be larger than ${caller.bufferLimit}.`);
  }
  if (registry.has(stream, group)) return;
  const others = registry.list().filter((each) => each.definition.stream === stream);
  if (others.length >= MOST_GROUPS_OF_SUBSCRIBERS) throw refuse('There are too many groups on this stream.');
}

const nameOf = (caller: Caller): string => caller.name ?? 'anonymous';

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

function list(
  request: persistent.ListReq,
  registry: GroupRegistry,
  caller: Caller,
  now: number,
): persistent.ListResp {
  const options = request.getOptions();
  const forStream = options?.getListForStream();
  if (!options?.hasListAllSubscriptions() && !forStream) throw unhandled();
  let groups = registry
    .list()
    .filter(({ definition }) => caller.maySeeGroup(definition.stream, definition.group));
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
