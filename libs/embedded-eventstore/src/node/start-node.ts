import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
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
import { type NodeParts } from '../streams/context';
import { StreamMetadataReader } from '../streams/stream-metadata';
import { StreamReader } from '../streams/stream-reader';
import { StreamWriter } from '../streams/stream-writer';
import { StreamAccess } from '../users/stream-access';
import { UserDirectory } from '../users/user-directory';
import { readCertificates } from './certificates';
import { Doors } from './doors';
import { initializeDatabase } from './first-events';
import { type NodeFolder, openNodeFolder } from './node-folder';
import { type NodeOptions, type RunningNode } from './node-options';
import { ownCertificates } from './own-certificates';
import { reportTo } from './report';

const LOOPBACK = '127.0.0.1';
const KEEP_ALIVE = { interval: 10_000, timeout: 10_000 };

/**
 * Runs the node in this process.
 * @throws StartRefused in one line when the port is taken, the data folder is in use, its file is damaged, or the
 * certificates can't be read or made
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  checkOptions(options);
  const folder = openNodeFolder(options.dataDir);
  let db: SqliteDatabase | undefined;
  try {
    db = openDatabase(options.dataDir);
    return await serve(options, folder, db);
  } catch (error) {
    // Without the database the folder may be another node's, at work.
    if (db) {
      abandonDatabase(db);
      folder.clear();
    }
    throw String((error as { code?: unknown }).code).startsWith('SQLITE')
      ? refusal(error, options.dataDir)
      : error;
  }
}

/** @throws StartRefused when the options do not go together */
function checkOptions({ access = 'logins', host = LOOPBACK, port }: NodeOptions): void {
  if (access === 'insecure' && !isLoopback(host)) {
    throw new StartRefused(`an insecure node listens on loopback only, not on ${host}`);
  }
  if (access !== 'private' && port === undefined) throw new StartRefused('say which port to listen on');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

async function serve(options: NodeOptions, folder: NodeFolder, db: SqliteDatabase): Promise<RunningNode> {
  const { access = 'logins', host = LOOPBACK } = options;
  const parts = createParts(db, options);
  const users = new UserDirectory(parts);
  checkIntegrity(db, parts.log, options.dataDir);
  const groups = new GroupRegistry(parts);
  const scavenger = new Scavenger(parts);
  const state = { port: 0, ready: false };
  const closed = deferred();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    state.ready = false;
    closing ??= shutDown({ doors, scavenger, groups, parts, folder, db }).finally(closed.resolve);
    return closing;
  };
  const doors = new Doors(
    parts,
    {
      ...{ instanceId: randomUUID(), users, groups, scavenger },
      shutDown: () => void close(),
      endpoint: () => ({ host, port: state.port }),
      keepAlive: options.keepAlive ?? KEEP_ALIVE,
    },
    () => state.ready,
  );
  const notices = [...folder.notices];
  try {
    await initializeDatabase(parts);
    if (access === 'logins') notices.push(...(await initializeUsers(users, options, folder)));
    const where = await openDoors(doors, options, folder, new StreamAccess(parts.log, parts.metadata));
    state.port = where.port;
    state.ready = true;
    if (access === 'insecure') notices.push(insecureNotice(where.connectionString));
    return { ...where, notices, close, closed: closed.promise };
  } catch (error) {
    doors.close();
    groups.close();
    await doors.cut();
    throw error;
  }
}

/** @returns where the node is reached */
async function openDoors(
  doors: Doors,
  { access = 'logins', host = LOOPBACK, port, certs }: NodeOptions,
  folder: NodeFolder,
  acls: StreamAccess,
): Promise<Pick<RunningNode, 'port' | 'connectionString' | 'caFile'>> {
  const secure = access !== 'insecure' && port !== undefined;
  const certificates = !secure
    ? undefined
    : certs === undefined
      ? ownCertificates(folder.certificates, host)
      : readCertificates(certs);
  const caFile = secure ? join(certs ?? folder.certificates, 'ca.crt') : undefined;
  const opened = port === undefined ? 0 : await doors.openPort(access, { host, port }, certificates, acls);
  if (access !== 'private') {
    return { port: opened, caFile, connectionString: connectionString(host, opened, caFile) };
  }
  const path = folder.socketPath();
  await doors.openSocket(path);
  return { port: opened, caFile, connectionString: `unix:${path}` };
}

/** Makes admin and ops in a new database. @returns what to say about their passwords */
async function initializeUsers(
  users: UserDirectory,
  { adminPassword, opsPassword }: NodeOptions,
  folder: NodeFolder,
): Promise<string[]> {
  const drawn = adminPassword === undefined && !users.find('admin') ? folder.adminPassword() : undefined;
  await users.initialize({
    admin: adminPassword ?? drawn?.password ?? '',
    ops: opsPassword ?? randomBytes(24).toString('base64url'),
  });
  return drawn ? [`the password of admin is in ${drawn.path}`] : [];
}

function insecureNotice(address: string): string {
  return `INSECURE: anyone who reaches ${address} may read and write everything and shut the node down, without a login`;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

function connectionString(host: string, port: number, caFile: string | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host;
  if (caFile === undefined) return `esdb://${name}:${port}?tls=false`;
  // TLS goes by names: with an address for one, clients on Node.js complain.
  const tlsName = host === LOOPBACK ? 'localhost' : name;
  return `esdb://${tlsName}:${port}?tls=true&tlsCAFile=${encodeURIComponent(caFile)}`;
}

function createParts(db: SqliteDatabase, options: NodeOptions): NodeParts {
  const now = options.now ?? (() => Date.now());
  const log = new EventLog(db, now);
  const commits = new CommitQueue(log);
  const metadata = new StreamMetadataReader(log);
  const reader = new StreamReader(log, metadata, now);
  const writer = new StreamWriter(log, metadata);
  const maxAppendSize = options.maxAppendSize ?? 1024 * 1024;
  const report = options.report ?? reportTo(console.error);
  return { log, commits, metadata, reader, writer, now, maxAppendSize, report };
}

/** Takes no new calls, lets appends in flight reach the disk and be answered, then ends what would never end. */
async function shutDown(running: {
  doors: Doors;
  scavenger: Scavenger;
  groups: GroupRegistry;
  parts: NodeParts;
  folder: NodeFolder;
  db: SqliteDatabase;
}): Promise<void> {
  const { doors, scavenger, groups, parts, folder, db } = running;
  doors.close();
  await parts.commits.drained();
  await scavenger.close();
  groups.close();
  await doors.cut();
  await parts.commits.drained();
  // The socket first: once the database is free another node may make its own there.
  folder.clear();
  closeDatabase(db);
}
