import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { GossipClient } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { PersistentSubscriptionsClient } from '@eventstore/db-client/generated/persistent_grpc_pb';
import { ServerFeaturesClient } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { type ChannelCredentials, type Client, credentials } from '@grpc/grpc-js';
import { startNode } from '../../src';

/** The generated stubs, for calls the client never makes: malformed requests, other encodings. */
export interface RawStubs {
  readonly streams: StreamsClient;
  readonly persistentSubscriptions: PersistentSubscriptionsClient;
  readonly serverFeatures: ServerFeaturesClient;
  readonly gossip: GossipClient;
  readonly operations: OperationsClient;
  readonly users: UsersClient;
  /** `host:port`, for calls to services that have no stub. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
}

/** The node the contract is checked against. */
export interface Target {
  /** A client on the node. It is closed with the target. */
  readonly client: EventStoreDBClient;
  readonly raw: RawStubs;
  readonly connectionString: string;
  /** `embedded` is ours; `server` is whatever `EVENTSTORE_TEST_URL` names. */
  readonly kind: 'embedded' | 'server';
  /** A further client on the same node, closed with the target. */
  newClient(): EventStoreDBClient;
}

interface OpenTarget extends Target {
  close(): Promise<void>;
}

/**
 * Opens the node named by `EVENTSTORE_TEST_URL`, or starts the embedded one on a new data
 * folder, for the tests of one file. The returned function answers the target once `beforeAll`
 * has run. The files share a server that is named: run them one after another
 * (`--runInBand`) and give them one that is new, for some read all it holds.
 */
export function useTarget(): () => Target {
  let target: OpenTarget | undefined;
  beforeAll(async () => {
    target = await openTarget();
  });
  afterAll(async () => {
    await target?.close();
  });
  return () => {
    if (target === undefined) throw new Error('the target opens in beforeAll');
    return target;
  };
}

function serverUrl(): string | undefined {
  const url = process.env.EVENTSTORE_TEST_URL;
  return url === undefined || url === '' ? undefined : url;
}

async function openTarget(): Promise<OpenTarget> {
  const url = serverUrl();
  if (url !== undefined) return connect(url, 'server', async () => {});

  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-contract-'));
  const node = await startNode({ dataDir, port: 0, access: 'insecure' });
  return connect(node.connectionString, 'embedded', async () => {
    await node.close();
    await rm(dataDir, { recursive: true, force: true });
  });
}

async function connect(
  connectionString: string,
  kind: Target['kind'],
  stop: () => Promise<void>,
): Promise<OpenTarget> {
  const clients: EventStoreDBClient[] = [];
  const newClient = (): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(connectionString);
    clients.push(client);
    return client;
  };
  const raw = await openStubs(connectionString);
  return {
    client: newClient(),
    raw,
    connectionString,
    kind,
    newClient,
    close: async () => {
      for (const stub of Object.values(raw)) if (isStub(stub)) stub.close();
      await Promise.all(clients.map((client) => client.dispose()));
      await stop();
    },
  };
}

function isStub(value: unknown): value is Client {
  return value instanceof Object && 'makeUnaryRequest' in value;
}

async function openStubs(connectionString: string): Promise<RawStubs> {
  const url = new URL(connectionString.replace(/^esdb(\+discover)?:/, 'http:'));
  const caFile = url.searchParams.get('tlsCAFile');
  const channel =
    url.searchParams.get('tls') === 'false'
      ? credentials.createInsecure()
      : credentials.createSsl(caFile === null ? null : await readFile(caFile));
  return {
    streams: new StreamsClient(url.host, channel),
    persistentSubscriptions: new PersistentSubscriptionsClient(url.host, channel),
    serverFeatures: new ServerFeaturesClient(url.host, channel),
    gossip: new GossipClient(url.host, channel),
    operations: new OperationsClient(url.host, channel),
    users: new UsersClient(url.host, channel),
    address: url.host,
    credentials: channel,
  };
}
