import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { credentials, Metadata } from '@grpc/grpc-js';
import { startNode } from '../../src';
import { makeCertificates } from '../../src/node/x509';

/** Who calls. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** The user a new database begins with. */
export const ADMIN: Login = { username: 'admin', password: 'changeit' };
export const OPS: Login = { username: 'ops', password: 'changeit' };

/** A node that speaks TLS and knows users. */
export interface SecureTarget {
  /** A client that logs in as `login`, or as nobody. Closed with the target. */
  as(login?: Login): EventStoreDBClient;
  readonly users: UsersClient;
  readonly operations: OperationsClient;
  /** What carries a login with a call of a stub. */
  authorization(login?: Login): Metadata;
  readonly caFile: string;
  readonly address: string;
}

/**
 * The node of `EVENTSTORE_TEST_SECURE_URL` (`esdb://host:port?tlsCAFile=…`, whose admin has the
 * password of a new database), or the embedded one with certificates made for the test.
 */
export function useSecureTarget(): () => SecureTarget {
  let open: (SecureTarget & { close(): Promise<void> }) | undefined;
  beforeAll(async () => {
    open = await openSecureTarget();
  });
  afterAll(async () => {
    await open?.close();
  });
  return () => {
    if (open === undefined) throw new Error('the target opens in beforeAll');
    return open;
  };
}

async function openSecureTarget(): Promise<SecureTarget & { close(): Promise<void> }> {
  const given = process.env.EVENTSTORE_TEST_SECURE_URL;
  if (given !== undefined && given !== '') {
    const url = new URL(given.replace(/^esdb:/, 'http:'));
    return connect(url.host, url.searchParams.get('tlsCAFile')!, async () => {});
  }
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-contract-tls-'));
  const certs = join(folder, 'certs');
  await mkdir(certs);
  for (const [file, text] of Object.entries(makeCertificates(['localhost', '127.0.0.1'], 1))) {
    await writeFile(join(certs, file), text as string);
  }
  const node = await startNode({
    dataDir: join(folder, 'data'),
    port: 0,
    certs,
    adminPassword: ADMIN.password,
    opsPassword: OPS.password,
  });
  return connect(`localhost:${node.port}`, join(certs, 'ca.crt'), async () => {
    await node.close();
    await rm(folder, { recursive: true, force: true });
  });
}

async function connect(
  address: string,
  caFile: string,
  stop: () => Promise<void>,
): Promise<SecureTarget & { close(): Promise<void> }> {
  const clients: EventStoreDBClient[] = [];
  const channel = credentials.createSsl(await readFile(caFile));
  const users = new UsersClient(address, channel);
  const operations = new OperationsClient(address, channel);
  return {
    address,
    caFile,
    users,
    operations,
    as: (login) => {
      const who = login === undefined ? '' : `${login.username}:${login.password}@`;
      const client = EventStoreDBClient.connectionString(`esdb://${who}${address}?tlsCAFile=${caFile}`);
      clients.push(client);
      return client;
    },
    authorization: (login) => {
      const metadata = new Metadata();
      if (login !== undefined) {
        const token = Buffer.from(`${login.username}:${login.password}`).toString('base64');
        metadata.set('authorization', `Basic ${token}`);
      }
      return metadata;
    },
    close: async () => {
      users.close();
      operations.close();
      await Promise.all(clients.map((client) => client.dispose()));
      await stop();
    },
  };
}
