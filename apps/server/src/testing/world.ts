import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateAccessCode,
  CreateAccessCodeHandler,
  DeleteAccessCode,
  DeleteAccessCodeHandler,
  UpdateAccessCode,
  UpdateAccessCodeHandler,
  type WantedChange,
  type WantedCode,
} from '@latchkey/access-codes';
import { openDatabase, openRecords, openVault } from '@latchkey/database';
import { startNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb } from '@latchkey/event-sourcing';
import { HttpLockGateway, parseReport } from '@latchkey/gateways';
import {
  type Config,
  createLogger,
  iso,
  loadConfig,
  parseInstant,
  SandboxClock,
  SeededIds,
  SeededRandom,
} from '@latchkey/platform';
import { startLockCloud } from '../../../lock-cloud/src';
import { Core } from '../core/core';
import { connectSandboxAccount, openWorkspace, sandboxMaker } from '../sandbox/provisioning';
import { SandboxClockDriver } from '../sandbox/sandbox-clock';
import { Simulator } from '../sandbox/simulator';

export const MONDAY = parseInstant('2026-06-01T12:00:00Z');
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface SimulatedLock {
  readonly lock_id: string;
  readonly name: string;
  readonly online: boolean;
  readonly codes: {
    access_code_id: string;
    name: string;
    code: string;
    starts_at: string | null;
    ends_at: string | null;
    status: string;
  }[];
}

/** The whole stack in one process on a clock that stands still: embedded node, SQLite, lock cloud, core. */
export class World {
  private constructor(
    readonly core: Core,
    readonly clock: SandboxClock,
    readonly driver: SandboxClockDriver,
    readonly store: EventStoreDb,
    readonly workspaceId: string,
    private readonly cloudUrl: string,
    private readonly handlers: {
      create: CreateAccessCodeHandler;
      update: UpdateAccessCodeHandler;
      remove: DeleteAccessCodeHandler;
    },
    private readonly closers: (() => Promise<unknown>)[],
  ) {}

  static async start(
    options: { seed?: number; locks?: 'sandbox' | 'none'; env?: NodeJS.ProcessEnv } = {},
  ): Promise<World> {
    const { seed = 1, locks = 'sandbox' } = options;
    const config: Config = loadConfig({ LOG_LEVEL: 'error', ...options.env });
    const clock = new SandboxClock({ now: MONDAY, running: false });
    const ids = new SeededIds(seed);
    const random = new SeededRandom(seed);
    const logger = createLogger(config.logLevel);
    const node = await startNode({ dataDir: ':memory:', port: 0 });
    const store = new EventStoreDb(node.connectionString);
    const file = { file: ':memory:', durability: 'normal' as const };
    const vaultDatabase = await openDatabase(file);
    // eslint-disable-next-line @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-explicit-any
    const vault = await openVault({ database: vaultDatabase as any, masterKey: Buffer.alloc(32, 7) });
    const recordsDatabase = await openDatabase(file);
    const records = await openRecords(recordsDatabase, vault);
    const views = await openDatabase(file);
    const client = { clientId: 'latchkey', clientSecret: 'secret-of-tests' };
    const cloud = await startLockCloud({
      port: 0,
      dataDir: ':memory:',
      ...client,
      seed,
      locks,
      clock: { now: MONDAY, running: false },
    });
    const maker = sandboxMaker(cloud.url, client);
    const gateway = new HttpLockGateway({
      makers: new Map([[maker.name, maker]]),
      tokens: records.accountTokens,
      clock,
    });
    const core = new Core({
      config,
      store,
      database: views,
      vault,
      gateway,
      clock,
      ids,
      random,
      logger,
      views: [],
      keepsExpired: () => Promise.resolve(false),
    });
    const { workspaceId } = await openWorkspace(records, config, { clock, ids, random });
    const simulator = new Simulator(cloud.url);
    const driver = new SandboxClockDriver({ clock, simulator, store, server: core });
    const reports = await listenForReports(core, maker.name);
    await core.start({ work: true });
    const accountId = await connectSandboxAccount({
      workspaceId,
      core,
      records,
      maker,
      simulator,
      clock,
    });
    await gateway.registerWebhook({ accountId, maker: maker.name }, reports.url);
    await driver.begin();
    const world = new World(
      core,
      clock,
      driver,
      store,
      workspaceId,
      cloud.url,
      {
        create: new CreateAccessCodeHandler(core.streams, core, vault, clock, ids, random),
        update: new UpdateAccessCodeHandler(core.streams, core, vault, clock),
        remove: new DeleteAccessCodeHandler(core.streams, core, clock),
      },
      [
        () => core.stop(),
        () => store.close(),
        () => gateway.close(),
        () => simulator.close(),
        () => cloud.close(),
        () => reports.close(),
        () => node.close(),
        () => views.close(),
        () => recordsDatabase.close(),
        () => vaultDatabase.close(),
      ],
    );
    await world.settle();
    return world;
  }

  get now(): number {
    return this.clock.now();
  }

  async settle(): Promise<void> {
    await this.driver.advance((now) => now);
  }

  async advance(by: number): Promise<void> {
    await this.driver.advance((now) => now + by);
  }

  async advanceTo(instant: number): Promise<void> {
    await this.driver.advance(() => instant);
  }

  async deviceNamed(name: string): Promise<string> {
    const lock = await this.lockNamed(name);
    return (await this.core.rows.deviceOf('lock-cloud', lock.lock_id))!.device_id;
  }

  /** Asks for a code and waits until nothing more is due. */
  async create(wanted: WantedCode): Promise<string> {
    const { accessCodeId } = await this.handlers.create.execute(new CreateAccessCode(this.caller(), wanted));
    await this.settle();
    return accessCodeId;
  }

  async update(accessCodeId: string, wanted: WantedChange): Promise<void> {
    await this.handlers.update.execute(new UpdateAccessCode(this.caller(), accessCodeId, wanted));
    await this.settle();
  }

  async remove(accessCodeId: string): Promise<void> {
    await this.handlers.remove.execute(new DeleteAccessCode(this.caller(), accessCodeId));
    await this.settle();
  }

  async code(accessCodeId: string) {
    return (await this.core.streams.codes.load(accessCodeId)).state!;
  }

  /** The types of a code's events, oldest first. */
  async story(accessCodeId: string): Promise<string[]> {
    return (await this.core.streams.codes.history(accessCodeId)).map(({ event }) => event.type);
  }

  async lockNamed(name: string): Promise<SimulatedLock> {
    const { locks } = await this.simulate<{ locks: SimulatedLock[] }>('GET', '/simulator/locks');
    return locks.find((lock) => lock.name === name)!;
  }

  /** What the lock's own electronics make of a PIN now. */
  async opens(lock: SimulatedLock, code: string): Promise<boolean> {
    const { opens } = await this.simulate<{ opens: boolean }>(
      'POST',
      `/simulator/locks/${lock.lock_id}/keypad`,
      { code },
    );
    return opens;
  }

  async faults(lock: SimulatedLock, faults: Record<string, unknown>): Promise<void> {
    await this.simulate('POST', `/simulator/locks/${lock.lock_id}/faults`, faults);
  }

  async simulate<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(this.cloudUrl + path, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()} at ${iso(this.now)}`);
    return (await answer.json()) as T;
  }

  async stop(): Promise<void> {
    for (const close of this.closers) await close();
  }

  private caller() {
    return { workspaceId: this.workspaceId, actor: { type: 'api_key' as const }, requestId: 'test' };
  }
}

async function listenForReports(
  core: Core,
  maker: string,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const report = parseReport(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      const taken = report ? core.reports.take(maker, report) : Promise.resolve('taken' as const);
      taken.then(
        (reception) => response.writeHead(reception === 'taken' ? 200 : 503).end(),
        () => response.writeHead(500).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/reports`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
