import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { OperationsService } from '@eventstore/db-client/generated/operations_grpc_pb';
import { PersistentSubscriptionsService } from '@eventstore/db-client/generated/persistent_grpc_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { UsersService } from '@eventstore/db-client/generated/users_grpc_pb';
import { type ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { gossipService } from '../gossip/gossip-service';
import { operationsService } from '../operations/operations-service';
import { type Scavenger } from '../operations/scavenger';
import { persistentSubscriptionsService } from '../persistent-subscriptions/persistent-subscriptions-service';
import { type GroupRegistry } from '../persistent-subscriptions/registry';
import { type NodeService, withDecodedRequests, withEncodedResponses } from '../protocol/definitions';
import { serverFeaturesService } from '../server-features/server-features-service';
import { decodeBatchAppend } from '../streams/batch-append-request';
import { readOnlyStreamsService, streamsService } from '../streams/streams-service';
import { type UserDirectory } from '../users/user-directory';
import { usersService } from '../users/users-service';
import { type NodeContext } from '../streams/context';

/** Messages may be as large as the largest batch a client sends, with room for the largest record. */
const LARGEST_MESSAGE = 17 * 1024 * 1024;

/** Who only reads has no need of large ones. */
const LARGEST_SUBSCRIBER_MESSAGE = 128 * 1024;

/** How long calls that are being answered have when the node stops, ms. */
const GRACE = 250;

/** How long after that connections have to close, ms. */
const CLOSE_WITHIN = 2000;

export interface GrpcServer {
  /** Takes connections that turn out to be HTTP/2. */
  readonly injector: ConnectionInjector;
  /** Lets calls that are being answered end, then cuts the connections. */
  close(cutConnections: () => void): Promise<void>;
}

/** What the services of a node have in common for all callers. */
export interface GrpcParts {
  readonly instanceId: string;
  readonly users: UserDirectory;
  readonly scavenger: Scavenger;
  readonly shutDown: () => void;
  readonly groups: GroupRegistry;
  readonly endpoint: () => { host: string; port: number };
  readonly keepAlive: { readonly interval: number; readonly timeout: number };
}

/**
 * The gRPC side of a node: every service it offers.
 * @param more what it offers there beside EventStoreDB's
 */
export function createGrpcServer(
  context: NodeContext,
  parts: GrpcParts,
  more: readonly NodeService[] = [],
): GrpcServer {
  const { users, groups, scavenger, shutDown } = parts;
  return serverOf(
    [
      {
        definition: withDecodedRequests(
          withEncodedResponses(StreamsService, 'read', 'batchAppend'),
          'batchAppend',
          decodeBatchAppend,
        ),
        implementation: streamsService(context),
      },
      ...commonServices(context, parts),
      { definition: UsersService, implementation: usersService(context, users) },
      {
        definition: OperationsService,
        implementation: operationsService(context, scavenger, groups, shutDown),
      },
      ...more,
    ],
    LARGEST_MESSAGE,
    parts,
  );
}

/** What subscribers of a private node are offered: to read and to consume. */
export function createSubscriberServer(context: NodeContext, parts: GrpcParts): GrpcServer {
  return serverOf(
    [
      {
        definition: withEncodedResponses(StreamsService, 'read'),
        implementation: readOnlyStreamsService(context),
      },
      ...commonServices(context, parts),
    ],
    LARGEST_SUBSCRIBER_MESSAGE,
    parts,
  );
}

function commonServices(context: NodeContext, parts: GrpcParts): NodeService[] {
  const { instanceId, groups, endpoint } = parts;
  return [
    {
      definition: withEncodedResponses(PersistentSubscriptionsService, 'read'),
      implementation: persistentSubscriptionsService(context, groups),
    },
    {
      definition: GossipService,
      implementation: gossipService({ instanceId, now: context.now, endpoint }),
    },
  ];
}

function serverOf(offered: NodeService[], largestMessage: number, { keepAlive }: GrpcParts): GrpcServer {
  const services: NodeService[] = [
    ...offered,
    { definition: ServerFeaturesService, implementation: serverFeaturesService(() => services) },
  ];
  const server = new Server({
    'grpc.max_receive_message_length': largestMessage,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
    'grpc.keepalive_time_ms': keepAlive.interval,
    'grpc.keepalive_timeout_ms': keepAlive.timeout,
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return { injector, close: (cutConnections) => close(server, cutConnections) };
}

async function close(server: Server, cutConnections: () => void): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await within(GRACE, stopped);
  server.forceShutdown();
  // Without channelz a server does not know its connections, and would leave them.
  cutConnections();
  await within(CLOSE_WITHIN, stopped);
}

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}
