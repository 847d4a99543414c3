import { randomUUID } from 'node:crypto';
import { loginGate, OPEN_GATE } from '../access/gate';
import { StreamAccess } from '../access/stream-access';
import { Scavenger } from '../operations/scavenger';
import { GroupRegistry } from '../persistent-subscriptions/registry';
import { CommitQueue } from '../storage/commit-queue';
import {
  abandonDatabase,
  closeDatabase,
  openDatabase,
  refusal,
  type SqliteDatabase,
  StartRefused,
} from '../storage/database';
import { checkIntegrity } from '../storage/integrity';
import { EventLog } from '../storage/event-log';
import { StreamMetadataReader } from '../streams/stream-metadata';
import { StreamReader } from '../streams/stream-reader';
import { StreamWriter } from '../streams/stream-writer';
import { UserDirectory } from '../users/user-directory';
import { type NodeCertificates, readCertificates } from './certificates';
import { type NodeContext } from './context';
import { initializeDatabase } from './first-events';
import { FrontDoor } from './front-door';
import { createGrpcServer, type GrpcServer } from './grpc-server';
import { httpRequests } from './http-requests';
import { type NodeOptions, type RunningNode } from './node-options';

const LOOPBACK = '127.0.0.1';
const DEFAULT_PASSWORD = 'changeit';

/**
 * Runs the node in this process.
 * @throws StartRefused in one line when the port is taken, the data folder is in use, its file is damaged, or the
 * certificates are not to be had
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const host = options.host ?? LOOPBACK;
  if (options.certs === undefined && !isLoopback(host)) {
    throw new StartRefused(`without certificates the node listens on loopback only, not on ${host}`);
  }
  const certificates = options.certs === undefined ? undefined : readCertificates(options.certs);
  const db = openDatabase(options.dataDir);
  try {
    return await serve(options, host, certificates, db);
  } catch (error) {
    abandonDatabase(db);
    throw String((error as { code?: unknown }).code).startsWith('SQLITE')
      ? refusal(error, options.dataDir)
      : error;
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

async function serve(
  options: NodeOptions,
  host: string,
  certificates: NodeCertificates | undefined,
  db: SqliteDatabase,
): Promise<RunningNode> {
  const { context, users } = createContext(db, options, certificates !== undefined);
  let port = 0;
  let ready = false;
  const groups = openLog(context, db, options.dataDir);
  const scavenger = new Scavenger(context);
  const grpc = createGrpcServer(context, {
    instanceId: randomUUID(),
    users,
    groups,
    scavenger,
    shutDown: () => void node.close(),
    endpoint: () => ({ host, port }),
  });
  const door = new FrontDoor(
    grpc.injector,
    httpRequests(() => ready),
    certificates,
  );
  try {
    await initializeDatabase(context);
    if (certificates) {
      await users.initialize({
        admin: options.adminPassword ?? DEFAULT_PASSWORD,
        ops: options.opsPassword ?? DEFAULT_PASSWORD,
      });
    }
    port = await door.listen(host, options.port);
  } catch (error) {
    door.close();
    groups.close();
    await grpc.close(() => door.cutConnections());
    throw error;
  }
  ready = true;
  const closed = deferred();
  let closing: Promise<void> | undefined;
  const node: RunningNode = {
    port,
    connectionString: connectionString(host, port, certificates !== undefined),
    close: () => {
      ready = false;
      closing ??= close({ door, scavenger, groups, grpc, context, db }).finally(closed.resolve);
      return closing;
    },
    closed: closed.promise,
  };
  return node;
}

/** Checks the log and starts the persistent subscriptions on it. @throws StartRefused when it is damaged */
function openLog(context: NodeContext, db: SqliteDatabase, dataDir: string): GroupRegistry {
  checkIntegrity(db, context.log, dataDir);
  return new GroupRegistry(context);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

function connectionString(host: string, port: number, secure: boolean): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `esdb://${name}:${port}?tls=${secure}`;
}

function createContext(
  db: SqliteDatabase,
  options: NodeOptions,
  secure: boolean,
): { context: NodeContext; users: UserDirectory } {
  const now = options.now ?? (() => Date.now());
  const log = new EventLog(db, now);
  const commits = new CommitQueue(log);
  const metadata = new StreamMetadataReader(log);
  const reader = new StreamReader(log, metadata, now);
  const writer = new StreamWriter(log, metadata);
  const users = new UserDirectory({ log, commits, reader, writer });
  const gate = secure ? loginGate(users, new StreamAccess(log, metadata)) : OPEN_GATE;
  const maxAppendSize = options.maxAppendSize ?? 1024 * 1024;
  const report = options.report ?? ((error: unknown) => console.error('eventstore:', error));
  return {
    users,
    context: { log, commits, metadata, reader, writer, gate, now, maxAppendSize, report },
  };
}

/** Takes no new calls, lets appends in flight reach the disk and be answered, then ends what would never end. */
async function close(parts: {
  door: FrontDoor;
  scavenger: Scavenger;
  groups: GroupRegistry;
  grpc: GrpcServer;
  context: NodeContext;
  db: SqliteDatabase;
}): Promise<void> {
  const { door, scavenger, groups, grpc, context, db } = parts;
  door.close();
  await context.commits.drained();
  await scavenger.close();
  groups.close();
  await grpc.close(() => door.cutConnections());
  await context.commits.drained();
  closeDatabase(db);
}
