import { join } from 'node:path';
import {
  AgendaRows,
  BackupPool,
  CodesProjection,
  DeviceWatch,
  LockReports,
  STREAMS,
  Streams,
} from '@latchkey/access-codes';
import { callbackAt } from '@latchkey/connect-webviews';
import { openStores, type Stores } from '@latchkey/database';
import { AccountWatch, Departures, DevicesProjection, DeviceStreams, forgetAccount } from '@latchkey/devices';
import { type SpawnedNode, spawnNode } from '@latchkey/embedded-eventstore';
import { EventStoreDb, VIEW_BARRIER } from '@latchkey/event-sourcing';
import { HttpLockGateway, type LockMaker, readLockMakersFile, reportsPath } from '@latchkey/gateways';
import {
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  CryptoRandom,
  EVENT_STORE,
  FEED_DATABASE,
  GATEWAY,
  IDS,
  listeningOn,
  LOCK_MAKERS,
  lockDataDir,
  type Logger,
  LOGGER,
  RANDOM,
  RandomIds,
  RECORDS,
  RECORDS_DATABASE,
  REPORT_TOKENS,
  SandboxClock,
  StartupError,
  SystemClock,
  VAULT,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { FeedProjection, Translator, WEBHOOK_DELIVERIES, Webhooks } from '@latchkey/public-events';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { Core } from './core/core';
import { configureHttp, httpAdapter, Readiness, SANDBOX_CLOCK } from './http';
import { rememberedClock } from './sandbox/clock-memory';
import { type LockCloudProcess, spawnLockCloud } from './sandbox/lock-cloud-process';
import { SandboxAccount } from './sandbox/sandbox-account';
import { SandboxReset } from './sandbox/sandbox-reset';
import {
  openWorkspace,
  reportToken,
  SANDBOX_MAKER,
  sandboxClient,
  sandboxMaker,
  type SandboxWorkspace,
} from './sandbox/provisioning';
import { ownAddress } from './sandbox/own-address';
import { SandboxClockDriver } from './sandbox/sandbox-clock';
import { Simulator } from './sandbox/simulator';
import { together } from './sandbox/timed';

export interface RunningServer {
  readonly url: string;
  readonly config: Config;
  /** The sandbox workspace, in sandbox mode. */
  readonly sandbox: (SandboxWorkspace & { readonly lockCloudUrl: string }) | undefined;
  /** Resolves with the reason when something that the server can't do without has ended. */
  readonly failed: Promise<string>;
  close(): Promise<void>;
}

/** What was started, to be ended in the opposite order. */
class Started {
  private readonly ends: (() => Promise<unknown> | void)[] = [];

  add(end: () => Promise<unknown> | void): void {
    this.ends.push(end);
  }

  async endAll(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }
}

/**
 * Starts the whole server: stores, event store, views, executor, API and, in sandbox mode, the lock cloud.
 * @throws {StartupError} in one clear line; whatever had been started is ended again
 */
export async function startServer(config: Config, logger: Logger): Promise<RunningServer> {
  const started = new Started();
  try {
    return await start(config, logger, started);
  } catch (error) {
    await started.endAll();
    throw error;
  }
}

async function start(given: Config, logger: Logger, started: Started): Promise<RunningServer> {
  const lock = lockDataDir(given.dataDir, (line) => logger.warn(line));
  started.add(() => lock.release());
  const clock: Clock = given.sandbox
    ? rememberedClock(given.dataDir, given.sandboxClock === 'running')
    : new SystemClock();
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const stores: Stores<any> = await openStores(given);
  started.add(() => stores.close());
  const { records, vault } = stores;

  let fail: (reason: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => (fail = resolve));
  const [store, cloud] = await Promise.all([
    openEventStore(given, started, fail),
    given.sandbox ? openLockCloud(given, stores, started, fail) : undefined,
  ]);

  const makers = new Map(await configuredMakers(given));
  const maker = cloud && sandboxMaker(cloud.process.url, cloud.client);
  if (maker) makers.set(maker.name, maker);
  const gateway = new HttpLockGateway({ makers, tokens: records.accountTokens, clock });
  started.add(() => gateway.close());

  const ids = new RandomIds();
  const random = new CryptoRandom();
  const tokens = new Map<string, string>();
  for (const name of makers.keys()) tokens.set(name, await reportToken(records, name));
  const core: Core = new Core({
    config: given,
    store,
    database: stores.views,
    vault,
    gateway,
    clock,
    ids,
    random,
    logger,
    views: [new DevicesProjection(), new CodesProjection()],
    feed: {
      database: stores.feed,
      translator: new Translator(store, given),
      projection: new FeedProjection(),
    },
    keepsExpired: async (workspaceId) =>
      ((await records.workspaces.get(workspaceId))?.settings['expired_codes'] ?? given.expiredCodes) ===
      'readable',
    forgetAccount: (accountId, makerName) =>
      forgetAccount(
        { accountId, maker: makerName },
        { records, gateway, rows: core.rows, reportToken: tokens.get(makerName), logger },
      ),
  });
  const webhooks = new Webhooks({
    store,
    database: stores.recordsDatabase,
    endpoints: records.webhookEndpoints,
    vault,
    clock,
    logger,
    config: given,
  });
  const simulator = cloud && new Simulator(cloud.process.url);
  if (simulator) started.add(() => simulator.close());
  const driver =
    simulator && clock instanceof SandboxClock
      ? new SandboxClockDriver({ clock, simulator, server: together(core, webhooks) })
      : undefined;
  const sandbox = given.sandbox ? await openWorkspace(records, given, { clock, ids, random }) : undefined;
  let port = 0;
  const sandboxAccount =
    sandbox &&
    simulator &&
    maker &&
    new SandboxAccount({
      workspaceId: sandbox.workspaceId,
      ...{ core, records, maker, simulator, gateway, clock },
      reportsAddress: () =>
        ownAddress(given.host, port) + reportsPath(SANDBOX_MAKER, tokens.get(SANDBOX_MAKER)!),
    });

  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({
      sandbox: given.sandbox,
      parts: [
        [CONFIG, given],
        [CLOCK, clock],
        [IDS, ids],
        [RANDOM, random],
        [VAULT, vault],
        [RECORDS, records],
        [RECORDS_DATABASE, stores.recordsDatabase],
        [LOGGER, logger],
        [VIEWS_DATABASE, stores.views],
        [FEED_DATABASE, stores.feed],
        [EVENT_STORE, store],
        [GATEWAY, gateway],
        [STREAMS, core.streams],
        [Streams, core.streams],
        [VIEW_BARRIER, core],
        [DeviceStreams, core.deviceStreams],
        [LockReports, core.reports],
        [Departures, core.departures],
        [AccountWatch, core.accountWatch],
        [DeviceWatch, core.deviceWatch],
        [BackupPool, core.backups],
        [AgendaRows, core.rows],
        [Core, core],
        [REPORT_TOKENS, tokens],
        [LOCK_MAKERS, makers],
        [WEBHOOK_DELIVERIES, webhooks.deliveries],
        ...(driver && simulator
          ? ([
              [SANDBOX_CLOCK, driver],
              [Simulator, simulator],
              [SandboxAccount, sandboxAccount],
            ] as const)
          : []),
      ],
    }),
    httpAdapter(),
    { logger: ['fatal'], abortOnError: false },
  );
  configureHttp(app);
  await app.init();
  const readiness = app.get(Readiness);
  let ready = false;
  readiness.add('views', () =>
    ready ? Promise.resolve() : Promise.reject(new Error('the views are being built')),
  );
  readiness.add('event store', () => store.ping());

  port = await listen(app, given);
  started.add(() => closeApp(app));
  const config = listeningOn(given, port);
  if (cloud && simulator) await simulator.registerClient(cloud.client, [callbackAt(config.publicUrl)]);

  await core.start();
  started.add(() => core.stop());
  await webhooks.start();
  started.add(() => webhooks.stop());
  await driver?.begin();
  if (given.roles.includes('worker')) {
    await core.work();
    await webhooks.work();
  }
  if (driver) started.add(() => driver.stop());
  await sandboxAccount?.open();
  if (sandboxAccount) await app.get(SandboxReset).finish();
  ready = true;
  return {
    url: config.publicUrl,
    config,
    sandbox: sandbox && { ...sandbox, lockCloudUrl: cloud!.process.url },
    failed,
    close: () => started.endAll(),
  };
}

/** @throws {StartupError} when the file of lock makers can't be read or is not one */
async function configuredMakers({ lockMakersFile }: Config): Promise<ReadonlyMap<string, LockMaker>> {
  if (lockMakersFile === undefined) return new Map();
  return readLockMakersFile(lockMakersFile, process.env).catch((error: unknown) => {
    throw new StartupError(`LOCK_MAKERS_FILE: ${error instanceof Error ? error.message : String(error)}`);
  });
}

async function openEventStore(
  config: Config,
  started: Started,
  fail: (reason: string) => void,
): Promise<EventStoreDb> {
  let url = config.eventstoreUrl;
  if (url === undefined) {
    const node: SpawnedNode = await spawnNode({
      dataDir: join(config.dataDir, 'eventstore'),
      port: config.eventstorePort,
    }).catch((error: unknown) => {
      throw new StartupError(
        `The event store can't start: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    let closing = false;
    started.add(() => {
      closing = true;
      return node.close();
    });
    void node.exited.then((code) => {
      if (!closing) fail(`the event store ended by itself (${code ?? 'killed'})`);
    });
    url = node.connectionString;
  }
  const store = new EventStoreDb(url);
  started.add(() => store.close());
  return store;
}

async function openLockCloud(
  config: Config,
  stores: Stores<unknown>,
  started: Started,
  fail: (reason: string) => void,
): Promise<{ process: LockCloudProcess; client: { clientId: string; clientSecret: string } }> {
  const client = await sandboxClient(stores.records);
  const child = await spawnLockCloud({
    host: config.host,
    port: config.lockCloudPort,
    dataDir: join(config.dataDir, 'lock-cloud'),
    ...client,
  });
  let closing = false;
  started.add(() => {
    closing = true;
    return child.close();
  });
  void child.exited.then((code) => {
    if (!closing) fail(`the lock cloud ended by itself (${code ?? 'killed'})`);
  });
  return { process: child, client };
}

/** Connections that are in use when closing begins are closed as they fall idle, and not a minute later. */
async function closeApp(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}

const SWEEP_MS = 50;

async function listen(app: NestFastifyApplication, { host, port }: Config): Promise<number> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') throw new StartupError(`PORT ${port} on ${host} is taken.`);
    if (code === 'EACCES') throw new StartupError(`PORT ${port} on ${host} may not be used.`);
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartupError(`HOST ${host} is no address of this machine.`);
    throw error;
  }
  const address = app.getHttpServer().address() as { port: number };
  return address.port;
}
