import { freePort, until } from '@latchkey/platform';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { ProcessMark } from '../start/process-mark';
import { Api } from './api';
import { compile, type Compiled } from './compiled';
import { connectAccount } from './connect-account';
import { ownPostgresDatabase } from './own-postgres-database';
import { ServerProcess } from './server-process';

const { DATABASE_TEST_URL } = process.env;

/** How often a test looks at a server that is not in its process, ms. */
export const POLL_EVERY_MS = 200;

/** Instances share a PostgreSQL database; without one there is nothing to try. */
export const withPostgres = DATABASE_TEST_URL ? it : it.skip;

/** Two servers, as a load balancer would have them: over one event store, one database and one lock cloud. */
export class TwoInstances {
  private readonly ends: (() => unknown)[] = [];
  private settings!: NodeJS.ProcessEnv;
  private compiled!: Compiled;
  first!: ServerProcess;
  second!: ServerProcess;
  /** The API of the first one, and of the other. */
  one!: Api;
  other!: Api;
  /** Where the lock cloud tells of its locks. */
  simulator!: string;
  /** Those of the account that is connected. */
  deviceIds!: string[];

  /** @param systems lock systems on the local network, beside the lock cloud */
  private constructor(private readonly systems: readonly object[]) {}

  static async start(systems: readonly object[] = []): Promise<TwoInstances> {
    const instances = new TwoInstances(systems);
    try {
      await instances.begin();
    } catch (error) {
      await instances.stop();
      throw error;
    }
    return instances;
  }

  /** The process that writes down what local systems report: null, nobody did yet. */
  async listener(): Promise<number | null> {
    const client = new pg.Client(this.settings.DATABASE_URL);
    await client.connect();
    try {
      const { rows } = await client.query<{ value: string }>(
        "select value from records.settings where key = 'local_reports.listener'",
      );
      return rows[0] ? (JSON.parse(rows[0].value) as { process: ProcessMark }).process.pid : null;
    } finally {
      await client.end();
    }
  }

  /** The first one, once it has ended. */
  async startFirstAgain(): Promise<void> {
    this.first = await this.server(this.settings);
  }

  async stop(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }

  private async begin(): Promise<void> {
    const compiled = compile();
    this.compiled = compiled;
    this.ends.push(() => compiled.remove());
    const ports = [await freePort(), await freePort()];
    // What locks report, and browsers, come to the instance that stays: a load balancer would see to that.
    const PUBLIC_URL = `http://127.0.0.1:${ports[1]}`;
    const [store, cloud] = await Promise.all([
      this.portOf(
        'libs/embedded-eventstore/src/main.js',
        { DATA_DIR: this.folder(), PORT: '0' },
        '--insecure',
      ),
      this.portOf('apps/lock-cloud/src/main.js', {
        LOCK_CLOUD_DATA: this.folder(),
        LOCK_CLOUD_PORT: '0',
        LOCK_CLOUD_CLIENT_ID: 'latchkey',
        LOCK_CLOUD_CLIENT_SECRET: 'the client secret',
        LOCK_CLOUD_REDIRECT_URIS: `${PUBLIC_URL}/connect_webviews/callback`,
      }),
    ]);
    this.simulator = `http://127.0.0.1:${cloud}/simulator/locks`;
    const makers = join(this.folder(), 'lock-makers.json');
    const acme = { name: 'acme', base_url: `http://127.0.0.1:${cloud}`, client_id: 'latchkey' };
    writeFileSync(makers, JSON.stringify([{ ...acme, client_secret_env: 'ACME_SECRET' }, ...this.systems]));
    const database = await ownPostgresDatabase();
    this.ends.push(() => database.drop());
    const shared = {
      SANDBOX: 'false',
      DATABASE_URL: database.url,
      EVENTSTORE_URL: `esdb://127.0.0.1:${store}?tls=false`,
      VAULT_KEY: randomBytes(32).toString('base64'),
      LOCK_MAKERS_FILE: makers,
      ACME_SECRET: 'the client secret',
      LOG_LEVEL: 'error',
    };
    const own = (port?: number) => ({ ...shared, PUBLIC_URL, DATA_DIR: this.folder(), PORT: String(port) });
    const [settings, others] = [own(ports[0]), own(ports[1])];
    this.settings = settings;
    const made = execFileSync(
      process.execPath,
      [compiled.path('apps/server/src/cli/api-keys.js'), 'make', '--name', 'test', '--new-workspace', 'Two'],
      { env: { ...process.env, ...compiled.env, ...settings }, encoding: 'utf8' },
    );
    const key = /seam_\w+/.exec(made)![0];
    this.first = await this.server(settings);
    this.second = await this.server(others);
    // What they say that they listen on is what the world is told, and the same of both.
    this.one = new Api(`http://127.0.0.1:${ports[0]}`, key);
    this.other = new Api(`http://127.0.0.1:${ports[1]}`, key);
    await connectAccount(this.one, {}, undefined, 'acme');
    this.deviceIds = await until(
      async () => {
        const { devices } = await this.other.ask<{ devices: { device_id: string }[] }>('/devices/list');
        return devices.length > 1 && devices.map(({ device_id }) => device_id);
      },
      { what: 'the locks appear', within: 20_000, every: POLL_EVERY_MS },
    );
  }

  private async server(env: NodeJS.ProcessEnv): Promise<ServerProcess> {
    const server = await ServerProcess.start(this.compiled, env);
    this.ends.push(() => server.end('SIGKILL'));
    return server;
  }

  private folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-two-'));
    this.ends.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** A program that prints its port. */
  private async portOf(program: string, env: NodeJS.ProcessEnv, ...args: string[]): Promise<number> {
    const { PATH } = process.env;
    const child = spawn(process.execPath, [this.compiled.path(program), ...args], {
      env: { PATH, ...this.compiled.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ends.push(() => child.kill('SIGKILL'));
    return new Promise((resolve, reject) => {
      let said = '';
      child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
      child.stdout.on('data', (chunk: Buffer) => {
        const port = /PORT (\d+)/.exec((said += chunk.toString('utf8')))?.[1];
        if (port) resolve(Number(port));
      });
    });
  }
}
