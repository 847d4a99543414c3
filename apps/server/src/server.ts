import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ReportIntake } from '@latchkey/access-codes';
import { AUDIT_VIEW } from '@latchkey/audit';
import type { LockMaker } from '@latchkey/gateways';
import { Addresses, callbackAt } from '@latchkey/connect-webviews';
import { openStores } from '@latchkey/database';
import { READ_BARRIER, VIEW_BARRIER } from '@latchkey/event-sourcing';
import {
  AUDIT_DATABASE,
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
  PERSISTENT_SUBSCRIPTIONS,
  RANDOM,
  RandomIds,
  RECORDS,
  RECORDS_DATABASE,
  StartupError,
  SystemClock,
  VAULT,
  VIEWS_DATABASE,
  within,
} from '@latchkey/platform';
import {
  FEED_VIEW,
  FeedTail,
  SUBSCRIBER_LOGINS,
  WEBHOOK_DELIVERIES,
  type Webhooks,
} from '@latchkey/public-events';
import type { TokenParts } from './app.module';
import { Builders } from './building/builders';
import type { Core } from './core/core';
import { prepareViews } from './core/prepared-views';
import { IdempotencyRecords, SANDBOX_CLOCK } from './http';
import { Metrics } from './metrics/metrics';
import { checkMakers, claimMode } from './mode';
import { rememberedClock } from './sandbox/clock-memory';
import { endSandboxKey } from './sandbox/sandbox-key';
import type { SandboxWorkspace } from './sandbox/provisioning';
import { openLockCloud, openSandbox, type Sandbox } from './sandbox/sandbox';
import { SandboxReset } from './sandbox/sandbox-reset';
import { makeCore, makeSigning, makeWebhooks, type Parts } from './start/core';
import { listen, makeEdge, stopServing } from './edge';
import { tellMissingKeys } from './start/missing-keys';
import { tellMissingRecords } from './start/missing-records';
import { tellOldMasterKey } from './start/old-master-key';
import { startMetrics } from './start/metrics';
import { beginLocalReports } from './start/begin-local-reports';
import { beginMovingReports } from './start/move-reports';
import { startTracing } from './start/tracing';
import { watchedClock } from './start/watched-clock';
import { makeErasureWork } from './start/erasure';
import { openEventStore } from './start/event-store';
import { type Locks, openGateway } from './start/gateway';
import { archiving } from './start/retention';
import { asStartupError } from './start/faults';
import { watchStartup } from './start/readiness';
import { Started } from './started';

export interface SandboxServer extends SandboxWorkspace {
  readonly lockCloudUrl: string;
  /** What its clock read when the server had started, ms. */
  readonly now: number;
}

export interface RunningServer {
  readonly url: string;
  readonly config: Config;
  /** The sandbox workspace, in sandbox mode. */
  readonly sandbox: SandboxServer | undefined;
  /** Resolves with the reason when something that the server can't do without has ended. */
  readonly failed: Promise<string>;
  /**
   * Takes no more requests, answers those under way, and ends.
   * @param endWithinMs so long the rest may take once they are answered; left out: as long as it takes
   */
  close(endWithinMs?: number): Promise<void>;
}

/**
 * Starts the whole server: stores, event store, views, executor, API and, in sandbox mode, the lock cloud.
 * @param options.resetClock brings the sandbox's clock back to this machine's
 * @throws {StartupError} in one clear line; whatever had been started is ended again
 */
export async function startServer(
  config: Config,
  logger: Logger,
  options: { readonly resetClock?: boolean } = {},
): Promise<RunningServer> {
  const started = new Started();
  try {
    return await start(config, logger, started, options.resetClock ?? false);
  } catch (error) {
    await started.endAll();
    throw asStartupError(error);
  }
}

async function start(
  given: Config,
  logger: Logger,
  started: Started,
  resetClock: boolean,
): Promise<RunningServer> {
  const { parts, locks, maker } = await openParts(given, logger, started, resetClock);
  const { store, clock } = parts;
  const signing = await makeSigning(parts);
  const core: Core = makeCore(parts, locks, signing, () => erasure.wake());
  const webhooks = makeWebhooks(parts, core.publicEvents);
  const erasure = makeErasureWork(parts, core, webhooks, started);
  const views = [...core.all, webhooks.runner];
  const restored = await prepareViews(views, logger);
  let port = 0;
  const sandbox = maker && (await openSandbox(parts, { maker, core, webhooks, locks }, () => port, started));

  const tokens = tokensOf(parts, locks, core, webhooks, sandbox);
  const app = await makeEdge({ ...locks, tokens, core, tail: parts.tail, sandbox }, parts);
  if (restored) await app.get(IdempotencyRecords).forgetSince(restored.endsAt);
  const builders = new Builders({ ...parts, views: core.byThread });
  const startup = watchStartup(app, { store, core, views, builders, config: given, logger });
  port = await listen(app, given, started);
  await startMetrics(parts, core, webhooks, views, started);
  const config = listeningOn(given, port);
  await sandbox?.simulator.registerClient(sandbox.maker, [callbackAt(config.publicUrl)]);

  await startup.building();
  started.add(() => builders.stop());
  await builders.run();
  for (const part of [signing, core, webhooks, erasure]) started.add(() => part.stop());
  await webhooks.start();
  await core.start();
  await webhooks.hasHistory;
  await sandbox?.driver.begin();
  startup.serve();
  // Locks may hold what the facts that are left know nothing of.
  if (restored || builders.plannedInDoubt(parts.clockWatch)) await core.rows.makeAllDue();
  if (given.roles.includes('worker')) {
    for (const worker of [core, webhooks, signing, archiving(parts, started), erasure]) await worker.work();
    beginMovingReports(parts, locks, core, app.get(Addresses), started);
  }
  await beginLocalReports(parts, locks, core, app.get(ReportIntake), started);
  if (sandbox) {
    started.add(() => sandbox.driver.stop());
    await sandbox.account.open();
    await app.get(SandboxReset).finish();
  }
  startup.ready();
  tellMissingKeys(parts.stores, logger, started);
  return {
    url: config.publicUrl,
    config,
    sandbox: sandbox && {
      ...sandbox.workspace,
      lockCloudUrl: sandbox.maker.baseUrl,
      now: clock.now(),
    },
    failed: started.failed,
    close: (endWithinMs) => close(app, sandbox, started, endWithinMs),
  };
}

/** Opens what the parts stand on: the data folder, the stores, the clock, the event store and the way to the locks. */
async function openParts(
  given: Config,
  logger: Logger,
  started: Started,
  resetClock: boolean,
): Promise<{ readonly parts: Parts; readonly locks: Locks; readonly maker: LockMaker | undefined }> {
  if (resetClock && !given.sandbox) throw new StartupError('--reset-clock is for the sandbox.');
  checkMakers(given);
  const folder = lockDataDir(given.dataDir, (line) => logger.warn(line));
  started.add(() => folder.release());
  const stores = await openStores(given);
  started.add(() => stores.close());
  tellOldMasterKey(stores, logger);
  tellMissingRecords(stores, logger);
  await claimMode(stores.records, given);
  if (!given.sandbox) await endSandboxKey(stores.records);
  const clock = given.sandbox
    ? rememberedClock(given.dataDir, given.sandboxClock === 'running', resetClock)
    : new SystemClock();
  const opening = [
    openEventStore(given, stores, started, logger),
    given.sandbox
      ? openLockCloud(given, { records: stores.records, clock }, started, resetClock)
      : Promise.resolve(undefined),
  ] as const;
  // What has been started is to be ended, also where the other fails first.
  await Promise.allSettled(opening);
  const [eventStore, maker] = await Promise.all(opening);
  const ids = new RandomIds();
  const random = new CryptoRandom();
  const { records } = stores;
  const locks = await openGateway(given, { records, clock, random, logger, sandbox: maker }, started);
  const clockWatch = given.sandbox ? undefined : watchedClock(given.dataDir, logger, started);
  const metrics = given.metricsPort === undefined ? undefined : new Metrics();
  const at = { clock, clockWatch, ids, random, logger };
  const tracing = await startTracing(given, eventStore.store, started);
  const store = tracing?.store ?? eventStore.store;
  const parts: Parts = {
    config: given,
    ...at,
    stores,
    ...eventStore,
    store,
    metrics,
    tracing,
    tail: new FeedTail(),
  };
  return { parts, locks, maker };
}

async function close(
  app: NestFastifyApplication,
  sandbox: Sandbox | undefined,
  started: Started,
  endWithinMs: number | undefined,
): Promise<void> {
  // An advance of the clock would hold up the stop for as long as it plays.
  const played = sandbox?.driver.stop();
  await stopServing(app);
  await played;
  const ended = started.endAll();
  if (endWithinMs === undefined) await ended;
  else await within(ended, endWithinMs, () => new Error('late')).catch(() => undefined);
}

/** Which part is asked for by which token. */
function tokensOf(
  { config, clock, ids, random, logger, stores, store, persistent, logins }: Parts,
  { gateway, makers }: Locks,
  core: Core,
  { deliveries }: Webhooks,
  sandbox: Sandbox | undefined,
): TokenParts {
  return {
    [CONFIG]: config,
    [CLOCK]: clock,
    [IDS]: ids,
    [RANDOM]: random,
    [LOGGER]: logger,
    [VAULT]: stores.vault,
    [RECORDS]: stores.records,
    [RECORDS_DATABASE]: stores.recordsDatabase,
    [VIEWS_DATABASE]: stores.views,
    [FEED_DATABASE]: stores.feed,
    [AUDIT_DATABASE]: stores.audit,
    [AUDIT_VIEW]: { caughtUp: () => core.auditCaughtUp() },
    [FEED_VIEW]: { caughtUp: () => core.feedCaughtUp() },
    [EVENT_STORE]: store,
    [PERSISTENT_SUBSCRIPTIONS]: persistent,
    [SUBSCRIBER_LOGINS]: logins,
    [VIEW_BARRIER]: core,
    [READ_BARRIER]: core,
    [GATEWAY]: gateway,
    [LOCK_MAKERS]: makers,
    [WEBHOOK_DELIVERIES]: deliveries,
    [SANDBOX_CLOCK]: sandbox?.driver,
  };
}
