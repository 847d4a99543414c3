import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { gossipService } from '../gossip/gossip-service';
import { type NodeService, withEncodedResponses } from '../protocol/definitions';
import { serverFeaturesService } from '../server-features/server-features-service';
import { CommitQueue } from '../storage/commit-queue';
import { closeDatabase, openDatabase, type SqliteDatabase, StartRefused } from '../storage/database';
import { EventLog } from '../storage/event-log';
import { StreamMetadataReader } from '../streams/stream-metadata';
import { StreamReader } from '../streams/stream-reader';
import { StreamWriter } from '../streams/stream-writer';
import { streamsService } from '../streams/streams-service';
import { type NodeContext } from './context';
import { type NodeOptions, type RunningNode } from './node-options';

const LOOPBACK = '127.0.0.1';

/** Messages may be as large as the largest batch a client sends, with room for the largest record. */
const LARGEST_MESSAGE = 17 * 1024 * 1024;

/** How long a stopping node waits for calls that are being answered, ms. */
const STOP_WITHIN = 2000;

/**
 * Runs the node in this process.
 * @throws StartRefused in one line when the port is taken, the data folder is in use, or its file is damaged
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const host = options.host ?? LOOPBACK;
  if (options.certs !== undefined) throw new StartRefused('certificates are not supported yet');
  if (!isLoopback(host))
    throw new StartRefused(`without certificates the node listens on loopback, not ${host}`);
  const db = openDatabase(options.dataDir);
  try {
    return await serve(options, host, db);
  } catch (error) {
    closeDatabase(db);
    throw error;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

async function serve(options: NodeOptions, host: string, db: SqliteDatabase): Promise<RunningNode> {
  const context = createContext(db, options);
  let port = 0;
  const services: NodeService[] = [
    {
      definition: withEncodedResponses(StreamsService, 'read', 'batchAppend'),
      implementation: streamsService(context),
    },
    {
      definition: GossipService,
      implementation: gossipService({
        instanceId: randomUUID(),
        now: context.now,
        endpoint: () => ({ host, port }),
      }),
    },
    { definition: ServerFeaturesService, implementation: serverFeaturesService(() => services) },
  ];
  const server = new Server({
    'grpc.max_receive_message_length': LARGEST_MESSAGE,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 100_000,
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  port = await listen(server, host, options.port);
  let closing: Promise<void> | undefined;
  return {
    port,
    connectionString: `esdb://${host}:${port}?tls=false`,
    close: () => (closing ??= close(server, context, db)),
  };
}

function createContext(db: SqliteDatabase, options: NodeOptions): NodeContext {
  const now = options.now ?? (() => Date.now());
  const log = new EventLog(db, now);
  const metadata = new StreamMetadataReader(log);
  return {
    log,
    commits: new CommitQueue(log),
    metadata,
    reader: new StreamReader(log, metadata, now),
    writer: new StreamWriter(log, metadata),
    now,
    maxAppendSize: options.maxAppendSize ?? 1024 * 1024,
    report: options.report ?? ((error) => console.error('eventstore:', error)),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (!error) return resolve(bound);
      const taken = error.message.includes('EADDRINUSE') || error.message.includes('No address added');
      reject(
        new StartRefused(
          taken ? `port ${port} on ${host} is taken` : `cannot listen on ${host}:${port}: ${error.message}`,
        ),
      );
    });
  });
}

/** Takes no new calls, lets appends in flight reach the disk and be answered, then ends what would never end. */
async function close(server: Server, context: NodeContext, db: SqliteDatabase): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await context.commits.drained();
  await new Promise((resolve) => setTimeout(resolve, 20));
  server.forceShutdown();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([stopped, new Promise((resolve) => (timer = setTimeout(resolve, STOP_WITHIN)))]);
  clearTimeout(timer);
  await context.commits.drained();
  closeDatabase(db);
}
