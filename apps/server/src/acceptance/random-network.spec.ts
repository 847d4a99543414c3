import { startNode } from '@latchkey/embedded-eventstore';
import { MINUTE, SeededRandom, TcpProxy, until, within } from '@latchkey/platform';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import type { SeamAccessCode } from '@latchkey/access-codes';
import type { LockAndDevice } from '../testing/keypads';
import { type KnownCode, PersistentClient } from '../testing/persistent-client';
import { RandomFaults } from '../testing/random-faults';
import { ServerWorld } from '../testing/server-world';

/** For how long the network is bad, s; and what happens when. */
const { NETWORK_TRIAL_SECONDS = '15', NETWORK_TRIAL_SEED = '1', DATABASE_TEST_URL } = process.env;
const CLIENTS = 6;
const WELL_WITHIN = 15_000;
/** What locks were asked for meanwhile is done. Retries are seconds apart. */
const SETTLED_WITHIN = MINUTE;
/** What is kept of codes that are gone is bounded, and caches fill up to their bounds. */
const GROWN_BY_MOST = 96 * 1024 * 1024;

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** An event store of the test's own, and the way to it through a proxy. */
async function eventStore(): Promise<{ proxy: TcpProxy; EVENTSTORE_URL: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-network-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const node = await startNode({ dataDir: folder, port: 0, access: 'insecure' });
  ends.push(() => node.close());
  const proxy = await TcpProxy.to(node.port);
  ends.push(() => proxy.close());
  return { proxy, EVENTSTORE_URL: node.connectionString.replace(`:${node.port}`, `:${proxy.port}`) };
}

/** The same of a database, where there is PostgreSQL. */
async function postgres(server: string): Promise<{ proxy: TcpProxy; DATABASE_URL: string }> {
  const name = `network_${randomBytes(6).toString('hex')}`;
  const run = async (sql: string) => {
    const client = new pg.Client(server);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  ends.push(() => run(`drop database ${name} with (force)`));
  const url = new URL(server);
  const proxy = await TcpProxy.to(Number(url.port), url.hostname);
  ends.push(() => proxy.close());
  Object.assign(url, { pathname: `/${name}`, hostname: '127.0.0.1', port: String(proxy.port) });
  return { proxy, DATABASE_URL: url.href };
}

/** Bytes in use, once what is of no use any more is thrown away. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** As many as there are, sorted: so that a difference is told whole. */
const sorted = (texts: readonly string[]) => [...texts].sort();

async function onLocks(world: ServerWorld, locks: readonly LockAndDevice[]): Promise<string[]> {
  const held = locks.map(async (lock) =>
    (await world.locks.codes(lock)).map(({ name, code }) => `${lock.deviceId} ${name} ${code}`),
  );
  return sorted((await Promise.all(held)).flat());
}

const shown = ({ deviceId, name, pin }: KnownCode) => `${deviceId} ${name} ${pin}`;

async function begin(): Promise<{ world: ServerWorld; proxies: TcpProxy[]; locks: LockAndDevice[] }> {
  const { proxy, EVENTSTORE_URL } = await eventStore();
  const database = DATABASE_TEST_URL ? await postgres(DATABASE_TEST_URL) : undefined;
  const world = await ServerWorld.start({
    ...{ EVENTSTORE_URL, SANDBOX_CLOCK: 'running', RETRY_FIRST: 'PT1S', RETRY_LIMIT: 'PT5S' },
    COMMAND_DEADLINE: 'PT10S',
    ...(database ? { DATABASE_URL: database.DATABASE_URL } : {}),
  });
  ends.push(() => world.stop());
  const locks: LockAndDevice[] = [];
  for (let n = 0; n < 3; n++) locks.push(await world.locks.add({ faults: { latency_ms: 20 } }));
  return { world, proxies: [proxy, ...(database ? [database.proxy] : [])], locks };
}

const seconds = Number(NETWORK_TRIAL_SECONDS);

it(
  `holds through ${seconds} s of a network that breaks at random (seed ${NETWORK_TRIAL_SEED})`,
  async () => {
    const { world, proxies, locks } = await begin();
    let pins = 100_000;
    const clients = Array.from(
      { length: CLIENTS },
      (_, n) =>
        new PersistentClient(
          world.api,
          `Client ${n}`,
          locks.map(({ deviceId }) => deviceId),
          () => String(pins++),
          new SeededRandom(`${NETWORK_TRIAL_SEED}/client ${n}`),
        ),
    );
    const working = Promise.all(clients.map((client) => client.work()));
    const faults = new RandomFaults(proxies, new SeededRandom(`${NETWORK_TRIAL_SEED}/network`));
    // Real time: the faults are on real sockets.
    const third = (seconds * 1000) / 3;
    await delay(third);
    const early = inUse();
    await delay(2 * third);

    await faults.end();
    for (const client of clients) client.stop();
    const ready = async () => (await fetch(`${world.api.url}/health/ready`)).status === 200;
    await Promise.all([
      until(ready, { what: 'readiness is 200', within: WELL_WITHIN, every: 100 }),
      within(working, WELL_WITHIN, () => new Error('what was begun is not answered')),
    ]);
    expect(clients.flatMap((client) => client.faults)).toEqual([]);

    const known = new Map(clients.flatMap(({ codes }) => [...codes]));
    const wanted = sorted([...known.values()].map(shown));
    await until(async () => isDeepStrictEqual(await onLocks(world, locks), wanted), {
      within: SETTLED_WITHIN,
      every: 100,
    }).catch(() => undefined);
    expect(await onLocks(world, locks)).toEqual(wanted);
    for (const { deviceId, pin } of known.values()) {
      const lock = locks.find((one) => one.deviceId === deviceId)!;
      expect(await world.locks.opens(lock, pin)).toBe(true);
    }
    const listed = async () =>
      (await world.api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list')).access_codes;
    await until(async () => (await listed()).every(({ status }) => status === 'set'), {
      what: 'every code is set',
      within: SETTLED_WITHIN,
      every: 100,
    });
    expect(sorted((await listed()).map(({ access_code_id }) => access_code_id))).toEqual(
      sorted([...known.keys()]),
    );
    await expectToldOnce(world, clients);
    expect(inUse() - early).toBeLessThan(GROWN_BY_MOST);
    // The trial was one.
    expect(Object.values(faults.made).reduce((sum, count) => sum + count)).toBeGreaterThan(seconds / 10);
    for (const { done } of clients) expect(done).toBeGreaterThan(0);
  },
  seconds * 1000 + 180_000,
);

/** Each code was told to be created once, and deleted once if it was. */
async function expectToldOnce(world: ServerWorld, clients: readonly PersistentClient[]): Promise<void> {
  const deleted = clients.flatMap((client) => [...client.deleted]);
  for (const id of [...clients.flatMap((client) => [...client.codes.keys()]), ...deleted]) {
    const types = (await world.api.eventTypes(id)).filter((type) => /\.(created|deleted)$/.test(type));
    const gone = deleted.includes(id) ? ['access_code.deleted'] : [];
    expect({ id, types }).toEqual({ id, types: ['access_code.created', ...gone] });
  }
}
