import {
  AccessDeniedError,
  EventStoreDBClient,
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults as groupSettings,
  START,
} from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { credentials, status } from '@grpc/grpc-js';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { append, unary } from '../../contract/support/raw-streams';
import { type RawStubs } from '../../contract/support/target';
import { CONSUMER_OF } from '../users/gates';
import { UsersOfNode } from '../users/users-of-node';
import { ownerAddress } from './node-folder';
import { type RunningNode } from './node-options';
import { spawnNode } from './spawn-node';
import { startNode } from './start-node';

const event = (n: number) => jsonEvent({ type: 'Counted', data: { n } });

async function read(client: EventStoreDBClient, stream: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { event } of client.readStream(stream)) found.push((event!.data as { n: number }).n);
  return found;
}

const isDenied = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    (error: unknown) => {
      if (error instanceof AccessDeniedError) return true;
      throw error;
    },
  );

const asOwner = (address: string) => new EventStoreDBClient({ endpoint: address }, { insecure: true });

describe('a private node', () => {
  let folder: string;
  let node: RunningNode;
  let owner: EventStoreDBClient;
  let users: UsersOfNode;
  const clients: EventStoreDBClient[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eventstore-private-'));
    node = await startNode({ dataDir: folder, port: 0, access: 'private' });
    owner = asOwner(node.connectionString);
    users = new UsersOfNode(node.connectionString);
    await owner.appendToStream('accessCode-1', [event(1)]);
    await owner.appendToStream('events-a', [event(1), event(2)]);
    await owner.appendToStream('events-b', [event(3)]);
    await users.create({
      loginName: 'ann',
      fullName: 'Ann',
      groups: ['readers-of-a'],
      password: 'her password',
    });
    await users.create({ loginName: 'root', fullName: 'Root', groups: ['$admins'], password: 'a password' });
    await users.allowReading('events-a', 'readers-of-a');
  });
  afterAll(async () => {
    await users.close();
    await owner.dispose();
    for (const client of clients) await client.dispose();
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** By TCP, with a login or without. */
  const as = (login?: string): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(
      `esdb://${login === undefined ? '' : `${login}@`}localhost:${node.port}?tlsCAFile=${node.caFile}`,
    );
    clients.push(client);
    return client;
  };
  const ann = () => as('ann:her password');
  const channel = () => credentials.createSsl(readFileSync(node.caFile!));

  it('lets its owner do everything, by a socket for that account alone', async () => {
    expect(await read(owner, 'accessCode-1')).toEqual([1]);
    const socket = ownerAddress(folder).replace('unix:', '');
    expect(lstatSync(socket).isSocket()).toBe(true);
    expect(lstatSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'tls/node.key')).mode & 0o777).toBe(0o600);
  });

  it('lets a subscriber read and consume the streams that name her, history and news', async () => {
    const client = ann();
    expect(await read(client, 'events-a')).toEqual([1, 2]);

    const seen: number[] = [];
    const subscription = client.subscribeToStream('events-a', { fromRevision: START });
    subscription.on('data', ({ event }) => seen.push((event!.data as { n: number }).n));
    await client.createPersistentSubscriptionToStream(
      'events-a',
      'billing',
      groupSettings({ startFrom: START }),
    );
    const consumed: number[] = [];
    const consumer = client.subscribeToPersistentSubscriptionToStream('events-a', 'billing');
    consumer.on('data', (resolved) => {
      consumed.push((resolved.event!.data as { n: number }).n);
      void consumer.ack(resolved);
    });
    await owner.appendToStream('events-a', event(4));
    while (seen.length < 3 || consumed.length < 3) await new Promise(setImmediate);

    expect(seen).toEqual([1, 2, 4]);
    expect(consumed).toEqual([1, 2, 4]);
    await subscription.unsubscribe();
    await consumer.unsubscribe();
    const groups = await client.listAllPersistentSubscriptions();
    expect(groups.map(({ groupName }) => groupName)).toEqual(['billing']);
    await client.deletePersistentSubscriptionToStream('events-a', 'billing');
  });

  it.each([
    ['nobody', undefined],
    ['a subscriber', 'ann:her password'],
    ['an administrator of EventStoreDB', 'root:a password'],
  ])('lets %s who comes by TCP append nothing, and read nothing else', async (_who, login) => {
    const client = as(login);
    await owner.createPersistentSubscriptionToStream('events-b', `own-${_who}`, groupSettings());

    const attempts = {
      append: client.appendToStream('events-a', event(9)),
      'append elsewhere': client.appendToStream('accessCode-1', event(9)),
      'read facts': read(client, 'accessCode-1'),
      'read the stream of others': read(client, 'events-b'),
      'read what is not there': read(client, 'nothing'),
      'read users': read(client, '$user-ann'),
      'read metadata': client.getStreamMetadata('events-a'),
      'write metadata': client.setStreamMetadata('events-a', {}),
      delete: client.deleteStream('events-a'),
      tombstone: client.tombstoneStream('events-a'),
      'read everything': (async () => {
        for await (const _ of client.readAll());
      })(),
      'a group on everything': client.createPersistentSubscriptionToAll('g', groupSettings() as never),
      'a group of others': client.getPersistentSubscriptionToStreamInfo('events-b', `own-${_who}`),
      'delete a group of others': client.deletePersistentSubscriptionToStream('events-b', `own-${_who}`),
      'restart the groups': client.restartPersistentSubscriptionSubsystem(),
    };
    const outcomes = await Promise.all(
      Object.entries(attempts).map(async ([what, work]) => [what, await isDenied(work)] as const),
    );

    expect(outcomes.filter(([, denied]) => !denied)).toEqual([]);
    expect(await read(owner, 'accessCode-1')).toEqual([1]);
    expect(await read(owner, 'events-b')).toEqual([3]);
  });

  it('offers neither shutdown nor users by TCP, and takes no unary append', async () => {
    const address = `localhost:${node.port}`;
    const operations = new OperationsClient(address, channel());
    const streams = new StreamsClient(address, channel());
    const shutdown = unary((done) => operations.shutdown(new Empty(), done));
    await expect(shutdown).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
    const attempt = append({ streams } as RawStubs, 'events-a', 'any', [{}]);
    await expect(attempt).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    operations.close();
    streams.close();
    expect(await read(owner, 'events-b')).toEqual([3]);
  });

  it('keeps the groups of subscribers within bounds', async () => {
    const client = ann();
    const create = (name: string, settings: Parameters<typeof groupSettings>[0] = {}) =>
      client.createPersistentSubscriptionToStream('events-a', name, groupSettings(settings));

    await expect(create('huge', { historyBufferSize: 1_000_000 })).rejects.toThrow(/larger than 5000/);
    for (let n = 0; n < 100; n += 1) await create(`g-${n}`);
    await expect(create('one-more')).rejects.toThrow(/too many groups/);
    for (let n = 0; n < 100; n += 1) await client.deletePersistentSubscriptionToStream('events-a', `g-${n}`);
  });

  it('serves those who are in while somebody guesses passwords', async () => {
    const client = ann();
    expect(await read(client, 'events-a')).toContain(1);
    const guessing = as();
    const guess = async (n: number) => {
      const credentials = { username: 'ann', password: `guess-${n}` };
      for await (const _ of guessing.readStream('events-a', { credentials }));
    };
    const guesses = Array.from({ length: 300 }, (_, n) =>
      guess(n).then(
        () => 'in',
        (error: { code?: number }) => error.code ?? 'denied',
      ),
    );
    const from = performance.now();
    expect(await read(client, 'events-a')).toContain(1);
    const took = performance.now() - from;

    const outcomes = await Promise.all(guesses);
    expect(outcomes).not.toContain('in');
    expect(outcomes).toContain(status.RESOURCE_EXHAUSTED);
    expect(took).toBeLessThan(5000);
  }, 60_000);

  it('ends what a subscriber has running when the login ends', async () => {
    await users.create({
      loginName: 'bob',
      fullName: 'Bob',
      groups: ['readers-of-a'],
      password: 'his password',
    });
    const client = as('bob:his password');
    await client.createPersistentSubscriptionToStream(
      'events-a',
      'bobs',
      groupSettings({ startFrom: START }),
    );
    const subscription = client.subscribeToStream('events-a');
    const consumer = client.subscribeToPersistentSubscriptionToStream('events-a', 'bobs');
    await Promise.all([once(subscription, 'confirmation'), once(consumer, 'confirmation')]);
    const ended = Promise.all([once(subscription, 'error'), once(consumer, 'error')]);

    expect(await users.delete('bob')).toBe(true);

    const errors = (await ended).flat();
    expect(errors.map((error) => error instanceof AccessDeniedError)).toEqual([true, true]);
    expect(await isDenied(read(client, 'events-a'))).toBe(true);
    expect(await users.delete('bob')).toBe(false);
  });

  it('lets a consumer of one group use that one alone, and manage none', async () => {
    for (const group of ['hers', 'others']) {
      const settings = groupSettings({ startFrom: START });
      await owner.createPersistentSubscriptionToStream('events-a', group, settings);
    }
    const groups = ['readers-of-a', `${CONSUMER_OF}hers`];
    await users.create({ loginName: 'eve', fullName: 'Eve', groups, password: 'her password' });
    const client = as('eve:her password');
    const consumer = client.subscribeToPersistentSubscriptionToStream('events-a', 'hers');
    await once(consumer, 'data');
    await consumer.unsubscribe();

    const other = client.subscribeToPersistentSubscriptionToStream('events-a', 'others');
    const [error] = (await once(other, 'error')) as [Error];
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect((await client.listAllPersistentSubscriptions()).map(({ groupName }) => groupName)).toEqual([
      'hers',
    ]);
    for (const refused of [
      client.getPersistentSubscriptionToStreamInfo('events-a', 'others'),
      client.deletePersistentSubscriptionToStream('events-a', 'hers'),
      client.replayParkedMessagesToStream('events-a', 'hers'),
      client.createPersistentSubscriptionToStream('events-a', 'new', groupSettings()),
      read(client, 'events-b'),
    ]) {
      expect(await isDenied(refused)).toBe(true);
    }
    for (const group of ['hers', 'others'])
      await owner.deletePersistentSubscriptionToStream('events-a', group);
  });

  // Another account can only be tried as root.
  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot('keeps other accounts of the machine out', () => {
    const path = ownerAddress(folder).replace('unix:', '');
    const program = `
      const net = require('node:net');
      const socket = net.connect(${JSON.stringify(path)});
      socket.on('connect', () => { console.log('connected'); process.exit(0); });
      socket.on('error', (error) => console.log(error.code));`;
    const tried = spawnSync(
      'setpriv',
      ['--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', process.execPath, '-e', program],
      { encoding: 'utf8' },
    );

    expect(tried.stdout.trim()).toBe('EACCES');
  });
});

describe("a private node's socket", () => {
  let parent: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'eventstore-socket-'));
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  it('is elsewhere when its path would be too long, and found there', async () => {
    const dataDir = join(parent, 'a'.repeat(60), 'b'.repeat(60));
    const node = await startNode({ dataDir, access: 'private' });
    const client = asOwner(ownerAddress(dataDir));
    await client.appendToStream('count', event(1));
    const socket = ownerAddress(dataDir).replace('unix:', '');

    expect(await read(client, 'count')).toEqual([1]);
    expect(socket.length).toBeLessThan(104);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    await client.dispose();
    await node.close();
    expect(existsSync(dirname(socket))).toBe(false);
    expect(() => ownerAddress(dataDir)).toThrow(/ENOENT/);
  });

  it.each([10, 150])('is free again after a kill (a path of more than %d bytes)', async (length) => {
    const dataDir = join(parent, 'a'.repeat(length / 2), 'b'.repeat(length / 2));
    const first = await spawnNode({ dataDir, access: 'private' });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const left = dirname(first.connectionString.replace('unix:', ''));

    const second = await spawnNode({ dataDir, access: 'private' });
    const client = asOwner(second.connectionString);
    await client.appendToStream('count', event(1));
    await client.dispose();
    await second.close();

    expect(existsSync(left)).toBe(left === dataDir);
  });

  it('is not taken from a node at work by a second one that is refused', async () => {
    const node = await startNode({ dataDir: parent, access: 'private' });
    await expect(startNode({ dataDir: parent, access: 'private' })).rejects.toThrow(/in use/);
    const client = asOwner(ownerAddress(parent));
    await client.appendToStream('count', event(1));
    await client.dispose();
    await node.close();
  });
});

describe('a node by itself', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'eventstore-logins-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('wants a login, and keeps the password that it drew for admin to its own account', async () => {
    const node = await startNode({ dataDir, port: 0 });
    const file = join(dataDir, 'admin.password');
    const password = readFileSync(file, 'utf8').trim();
    const connect = (login: string) =>
      EventStoreDBClient.connectionString(node.connectionString.replace('esdb://', `esdb://${login}`));
    const admin = connect(`admin:${password}@`);
    const others = [connect(''), connect('admin:changeit@'), connect('ops:changeit@')];
    await admin.appendToStream('count', event(1));

    expect(await read(admin, 'count')).toEqual([1]);
    for (const other of others) expect(await isDenied(read(other, 'count'))).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(node.notices).toEqual([`the password of admin is in ${file}`]);
    for (const client of [admin, ...others]) await client.dispose();
    await node.close();

    const again = await startNode({ dataDir, port: 0 });
    expect(again.notices).toEqual([]);
    await again.close();
  });

  it('says each time that it is insecure', async () => {
    for (let start = 0; start < 2; start += 1) {
      const node = await startNode({ dataDir, port: 0, access: 'insecure' });
      expect(node.notices.join()).toMatch(/^INSECURE: .*127\.0\.0\.1/);
      await node.close();
    }
    await expect(startNode({ dataDir, port: 0, access: 'insecure', host: '0.0.0.0' })).rejects.toThrow(
      /loopback only/,
    );
  });
});
