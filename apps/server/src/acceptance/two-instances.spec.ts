import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Api } from '../testing/api';
import { compile, type Compiled } from '../testing/compiled';
import type { CodeOnLock } from '../testing/keypads';
import { connectAccount } from '../testing/connect-account';
import { ServerProcess } from '../testing/server-process';
import { freePort } from '../testing/server-world';

const { DATABASE_TEST_URL } = process.env;
// Instances share a PostgreSQL database; without one there is nothing to try.
const withPostgres = DATABASE_TEST_URL ? it : it.skip;

/** A dead worker's rows are left alone for as long as its lease lasts, a minute. */
const TAKEN_OVER_WITHIN_MS = 120_000;
const CODES = 24;

interface OnLock {
  readonly lock_id: string;
  readonly codes: readonly CodeOnLock[];
}

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-two-'));
  ends.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A database of the test's own. */
async function database(): Promise<string> {
  const name = `two_${randomBytes(6).toString('hex')}`;
  const run = async (sql: string) => {
    const client = new pg.Client(DATABASE_TEST_URL);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  ends.push(() => run(`drop database ${name} with (force)`));
  const url = new URL(DATABASE_TEST_URL!);
  url.pathname = `/${name}`;
  return url.href;
}

/** A program that prints its port. */
async function portOf(
  compiled: Compiled,
  program: string,
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<number> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [compiled.path(program), ...args], {
    env: { PATH, ...compiled.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  ends.push(() => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let said = '';
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      const port = /PORT (\d+)/.exec((said += chunk.toString('utf8')))?.[1];
      if (port) resolve(Number(port));
    });
  });
}

async function until<T>(what: string, within: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await delay(200);
  }
}

withPostgres(
  'instances share the work, and what a killed one had begun the other one ends, once',
  async () => {
    const compiled = compile();
    ends.push(() => compiled.remove());
    const ports = [await freePort(), await freePort()];
    // What locks report, and browsers, come to the instance that stays: a load balancer would see to that.
    const PUBLIC_URL = `http://127.0.0.1:${ports[1]}`;
    const [store, cloud] = await Promise.all([
      portOf(
        compiled,
        'libs/embedded-eventstore/src/main.js',
        { DATA_DIR: folder(), PORT: '0' },
        '--insecure',
      ),
      portOf(compiled, 'apps/lock-cloud/src/main.js', {
        LOCK_CLOUD_DATA: folder(),
        LOCK_CLOUD_PORT: '0',
        LOCK_CLOUD_CLIENT_ID: 'latchkey',
        LOCK_CLOUD_CLIENT_SECRET: 'the client secret',
        LOCK_CLOUD_REDIRECT_URIS: `${PUBLIC_URL}/connect_webviews/callback`,
      }),
    ]);
    const makers = join(folder(), 'lock-makers.json');
    const acme = { name: 'acme', base_url: `http://127.0.0.1:${cloud}`, client_id: 'latchkey' };
    writeFileSync(makers, JSON.stringify([{ ...acme, client_secret_env: 'ACME_SECRET' }]));
    const shared = {
      SANDBOX: 'false',
      DATABASE_URL: await database(),
      EVENTSTORE_URL: `esdb://127.0.0.1:${store}?tls=false`,
      VAULT_KEY: randomBytes(32).toString('base64'),
      LOCK_MAKERS_FILE: makers,
      ACME_SECRET: 'the client secret',
      LOG_LEVEL: 'error',
    };
    const own = (port?: number) => ({ ...shared, PUBLIC_URL, DATA_DIR: folder(), PORT: String(port) });
    const [settings, others] = [own(ports[0]), own(ports[1])];
    const made = execFileSync(
      process.execPath,
      [compiled.path('apps/server/src/cli/api-keys.js'), 'make', '--name', 'test', '--new-workspace', 'Two'],
      { env: { ...process.env, ...compiled.env, ...settings }, encoding: 'utf8' },
    );
    const key = /seam_\w+/.exec(made)![0];
    const first = await ServerProcess.start(compiled, settings);
    ends.push(() => first.end('SIGKILL'));
    const second = await ServerProcess.start(compiled, others);
    ends.push(() => second.end('SIGKILL'));
    const apis = [first, second].map((server) => new Api(server.api.url, key));
    const [one, other] = [apis[0]!, apis[1]!];
    await connectAccount(one, {}, undefined, 'acme');
    const devices = await until('the locks appear', 20_000, async () => {
      const { devices } = await other.ask<{ devices: { device_id: string }[] }>('/devices/list');
      return devices.length > 0 ? devices : undefined;
    });

    // Slow locks: the first instance dies with commands on the way.
    const simulator = `http://127.0.0.1:${cloud}/simulator/locks`;
    const onLocks = async () => {
      const { locks } = (await (await fetch(simulator)).json()) as { locks: OnLock[] };
      return locks;
    };
    for (const { lock_id } of await onLocks()) {
      const body = JSON.stringify({ latency_ms: 1500 });
      const headers = { 'content-type': 'application/json' };
      await fetch(`${simulator}/${lock_id}/faults`, { method: 'POST', headers, body });
    }
    const codes = await Promise.all(
      Array.from({ length: CODES }, (_, nth) =>
        apis[nth % 2]!.create({
          device_id: devices[nth % devices.length]!.device_id,
          code: String(3000 + nth),
        }),
      ),
    );
    await until('a code is set', 30_000, async () => {
      const statuses = await Promise.all(codes.map(({ access_code_id }) => other.status(access_code_id)));
      return statuses.includes('set') || undefined;
    });
    await first.end('SIGKILL');
    await until('every code is set', TAKEN_OVER_WITHIN_MS, async () => {
      const statuses = await Promise.all(codes.map(({ access_code_id }) => other.status(access_code_id)));
      return statuses.every((status) => status === 'set') || undefined;
    });
    const held = (await onLocks()).flatMap((lock) => lock.codes.map(({ code }) => code));
    expect(held.toSorted()).toEqual(codes.map(({ code }) => code).toSorted());
    for (const { access_code_id } of codes) {
      const types = await other.eventTypes(access_code_id);
      expect(types.filter((type) => type === 'access_code.set_on_device')).toHaveLength(1);
    }

    // The other way round, and back again: the one that came back serves what the other one did.
    const back = await ServerProcess.start(compiled, settings);
    ends.push(() => back.end('SIGKILL'));
    for (const { access_code_id } of codes) await one.delete(access_code_id);
    await until('every code is gone', TAKEN_OVER_WITHIN_MS, async () => {
      const statuses = await Promise.all(codes.map(({ access_code_id }) => one.status(access_code_id)));
      return statuses.every((status) => status === 404) || undefined;
    });
    expect((await onLocks()).flatMap((lock) => lock.codes)).toEqual([]);
  },
  300_000,
);
