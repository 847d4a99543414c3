import {
  CodesProjection,
  CreateAccessCode,
  CreateAccessCodeHandler,
  DeleteAccessCode,
  DeleteAccessCodeHandler,
  UpdateAccessCode,
  UpdateAccessCodeHandler,
  type WantedChange,
  type WantedCode,
} from '@latchkey/access-codes';
import { type Database, openDatabase, openRecords, openVault } from '@latchkey/database';
import { startNode } from '@latchkey/embedded-eventstore';
import { type EventStore, EventStoreDb } from '@latchkey/event-sourcing';
import { markedEventStore } from '../stores/marked-event-store';
import { HttpLockGateway, type LockGateway } from '@latchkey/gateways';
import {
  type Config,
  createLogger,
  iso,
  loadConfig,
  type Logger,
  parseInstant,
  SandboxClock,
  SeededIds,
  SeededRandom,
  type Vault,
} from '@latchkey/platform';
import { startLockCloud } from '../../../lock-cloud/src';
import { Core } from '../core/core';
import { connectSandboxAccount, openWorkspace, sandboxMaker } from '../sandbox/provisioning';
import { SandboxClockDriver } from '../sandbox/sandbox-clock';
import { Simulator } from '../sandbox/simulator';
import { CrashingGateway } from './crashing-gateway';
import { PutClock } from './put-clock';
import { listenForReports } from './report-listener';

export const MONDAY = parseInstant('2026-06-01T12:00:00Z');

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

export interface WorldOptions {
  readonly seed?: number;
  /** 'none': the lock cloud begins without locks. */
  readonly locks?: 'sandbox' | 'none';
  /** Settings, as the environment would give them. */
  readonly env?: NodeJS.ProcessEnv;
  /** With the view of codes that the API reads. */
  readonly codesView?: boolean;
}

/** What outlives a crash of the server. */
interface Surroundings {
  readonly config: Config;
  /** Time as it passes, and the server's own clock. */
  readonly time: SandboxClock;
  readonly clock: PutClock;
  readonly ids: SeededIds;
  readonly random: SeededRandom;
  readonly logger: Logger;
  readonly store: EventStore;
  readonly vault: Vault;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  views: Database<any>;
  readonly codesView: boolean;
  readonly gateway: LockGateway;
  readonly simulator: Simulator;
  readonly reports: Awaited<ReturnType<typeof listenForReports>>;
}

/** The whole stack in one process on a clock that stands still: embedded node, SQLite, lock cloud, core. */
export class World {
  core!: Core;
  driver!: SandboxClockDriver;
  private handlers!: {
    create: CreateAccessCodeHandler;
    update: UpdateAccessCodeHandler;
    remove: DeleteAccessCodeHandler;
  };
  private crashing!: CrashingGateway;

  private constructor(
    readonly workspaceId: string,
    readonly accountId: string,
    private readonly around: Surroundings,
    private readonly closers: (() => Promise<unknown>)[],
  ) {}

  static async start({
    seed = 1,
    locks = 'sandbox',
    env = {},
    codesView = false,
  }: WorldOptions = {}): Promise<World> {
    const config = loadConfig({ LOG_LEVEL: 'fatal', ...env });
    const time = new SandboxClock({ now: MONDAY, running: false });
    const clock = new PutClock(time);
    const ids = new SeededIds(seed);
    const random = new SeededRandom(seed);
    const logger = createLogger(config.logLevel);
    const node = await startNode({ dataDir: ':memory:', port: 0, access: 'insecure' });
    const plainStore = new EventStoreDb(node.connectionString);
    const [vaultDatabase, recordsDatabase, views] = await Promise.all([inMemory(), inMemory(), inMemory()]);
    const vault = await openVault({ database: vaultDatabase, masterKey: Buffer.alloc(32, 7) });
    const records = await openRecords(recordsDatabase, vault);
    const store = await markedEventStore(plainStore, records, vault);
    const client = { clientId: 'latchkey', clientSecret: 'secret-of-tests' };
    const cloudClock = { now: MONDAY, running: false };
    const cloud = await startLockCloud({
      port: 0,
      dataDir: ':memory:',
      ...client,
      seed,
      locks,
      clock: cloudClock,
    });
    const maker = sandboxMaker(cloud.url, client, time);
    const tokens = records.accountTokens;
    const gateway = new HttpLockGateway({ makers: new Map([[maker.name, maker]]), tokens, clock });
    const simulator = new Simulator(cloud.url);
    const reports = await listenForReports(maker.name);
    const { workspaceId } = await openWorkspace(records, config, { clock, ids, random });

    const shared = { config, time, clock, ids, random, logger, store, vault, views, gateway };
    const around = { ...shared, simulator, reports, codesView };
    const world = new World(workspaceId, 'to be connected', around, []);
    await world.begin();
    const { core } = world;
    const accountId = (await connectSandboxAccount({ workspaceId, core, records, maker, simulator, clock }))!;
    await gateway.registerWebhook({ accountId, maker: maker.name }, reports.urlFor(accountId));
    Object.assign(world, { accountId });
    world.closers.push(
      () => store.close(),
      () => gateway.close(),
      () => simulator.close(),
      () => cloud.close(),
      () => reports.close(),
      () => node.close(),
      () => around.views.close(),
      () => recordsDatabase.close(),
      () => vaultDatabase.close(),
    );
    await world.settle();
    return world;
  }

  get now(): number {
    return this.around.time.now();
  }

  get vault(): Vault {
    return this.around.vault;
  }

  get cloudUrl(): string {
    return this.around.simulator.url;
  }

  /** Resolves when nothing that is due is left undone. */
  async settle(): Promise<void> {
    await this.advanceTo(this.now);
  }

  /** Somebody puts the server's own clock. */
  async putClock(by: number): Promise<void> {
    this.around.clock.put(by);
    await this.settle();
  }

  async advance(by: number): Promise<void> {
    await this.advanceTo(this.now + by);
  }

  /** Puts the clock forward; should the server die on the way, another one goes on. */
  async advanceTo(instant: number): Promise<void> {
    for (;;) {
      const crashed = this.crashing.crashed.then(() => 'crashed' as const);
      const played = this.driver.advance((now) => Math.max(now, instant)).then(() => 'played' as const);
      if ((await Promise.race([played, crashed])) === 'played') return;
      played.catch(() => undefined);
      await this.restart();
    }
  }

  /** The server dies in the middle of the next call to a lock, and another one starts on what it left. */
  crashAtNextCall(when: 'before' | 'after'): void {
    this.crashing.crashAt(when);
  }

  /** A new server on what the old one left: same event store, same database, same locks. */
  async restart(): Promise<void> {
    await this.core.abandon();
    await this.begin();
  }

  /** A new server on the same facts, whose views are lost. */
  async restartWithoutViews(): Promise<void> {
    await this.core.abandon();
    await this.around.views.close();
    this.around.views = await inMemory();
    await this.begin();
  }

  /** The next report of a lock is on its way until this has happened. */
  delayNextReport(until: () => Promise<unknown>): void {
    this.around.reports.delayNext(until);
  }

  async deviceNamed(name: string): Promise<string> {
    return this.deviceOf(await this.lockNamed(name));
  }

  async deviceOf(lock: { lock_id: string }): Promise<string> {
    const { accountId } = this;
    const ref = { accountId, maker: 'lock-cloud', lockId: lock.lock_id };
    return (await this.core.rows.lockOf(ref))!.device_id;
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

  /** Everything on the agenda is looked at again, and every report that ever came, comes once more. */
  async again(): Promise<void> {
    for (const lock of await this.locks()) {
      const deviceId = await this.deviceOf(lock);
      await this.core.rows.makeDue(`device:${deviceId}`);
      for (const codeId of await this.core.rows.codesOf(deviceId))
        await this.core.rows.makeDue(`code:${codeId}`);
    }
    await this.around.reports.repeatAll();
    await this.settle();
  }

  /** The types of all domain events so far, with their streams, in order. */
  async allEvents(): Promise<string[]> {
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      const subscription = this.around.store.subscribeToAll({
        after: undefined,
        prefixes: ['accessCode-', 'keypad-', 'device-', 'account-'],
        onEvents: (events) => Promise.resolve(void seen.push(...events.map((e) => `${e.stream}: ${e.type}`))),
        onCaughtUp: () => void subscription.stop().then(resolve),
      });
    });
    return seen;
  }

  async code(accessCodeId: string) {
    return (await this.core.streams.codes.load(accessCodeId)).state!;
  }

  /** The types of a code's events, oldest first. */
  async story(accessCodeId: string): Promise<string[]> {
    return (await this.core.streams.codes.history(accessCodeId)).map(({ event }) => event.type);
  }

  async locks(): Promise<SimulatedLock[]> {
    return (await this.simulate<{ locks: SimulatedLock[] }>('GET', '/simulator/locks')).locks;
  }

  async lockNamed(name: string): Promise<SimulatedLock> {
    return (await this.locks()).find((lock) => lock.name === name)!;
  }

  /** What the lock's own electronics make of a PIN now. */
  async opens(lock: { lock_id: string }, code: string): Promise<boolean> {
    const path = `/simulator/locks/${lock.lock_id}/keypad`;
    return (await this.simulate<{ opens: boolean }>('POST', path, { code })).opens;
  }

  async faults(lock: { lock_id: string }, faults: Record<string, unknown>): Promise<void> {
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
    await this.core.abandon();
    for (const close of this.closers) await close();
  }

  private async begin(): Promise<void> {
    const { config, time, clock, ids, random, logger, store, vault, views, simulator, reports } = this.around;
    this.crashing = new CrashingGateway(this.around.gateway);
    const gateway = this.crashing;
    const keepsExpired = () => Promise.resolve(false);
    this.core = new Core({
      ...{ config, store, database: views, vault, gateway, clock, ids, random, logger },
      clockWatch: clock.watch,
      views: this.around.codesView ? [new CodesProjection()] : [],
      keepsExpired,
    });
    const { core } = this;
    reports.handTo(core.reports);
    this.handlers = {
      create: new CreateAccessCodeHandler(core.streams, vault, clock, random),
      update: new UpdateAccessCodeHandler(core.streams, core, vault, clock),
      remove: new DeleteAccessCodeHandler(core.streams, core, clock),
    };
    this.driver = new SandboxClockDriver({ clock: time, simulator, server: clock.played(core) });
    await core.start();
    await this.driver.begin();
    await core.work();
  }

  private caller() {
    return {
      workspaceId: this.workspaceId,
      actor: { type: 'api_key' as const },
      requestId: this.around.ids.uuid(),
    };
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
const inMemory = (): Promise<Database<any>> => openDatabase({ file: ':memory:', durability: 'normal' });
