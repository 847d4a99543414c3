import type { Database } from '@latchkey/database';
import { DevicesProjection, DeviceStreams } from '@latchkey/devices';
import {
  comparePositions,
  type FaultyEventStore,
  type Position,
  ProjectionRunner,
  type Running,
  VIEW_BARRIER,
  type ViewBarrier,
  ViewsBehind,
} from '@latchkey/event-sourcing';
import type { InMemoryLocks } from '@latchkey/gateways';
import { CLOCK, CONFIG, RANDOM, RECORDS, VAULT, VIEWS_DATABASE } from '@latchkey/platform';
import type { ClassProvider } from '@nestjs/common';
import { Command, CommandBus, CqrsModule, type Query, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { AccessCodesModule } from '../access-codes.module';
import { RESERVATION_GRACE } from '../domain/keypad';
import { AgendaProjection, DOMAIN_PREFIXES } from '../process-manager/agenda';
import { AgendaRows, type Settlement } from '../process-manager/agenda-rows';
import type { AgendaTables } from '../process-manager/agenda-tables';
import { BackupPool } from '../process-manager/backup-pool';
import { CleanUp } from '../process-manager/clean-up';
import { CodeWork } from '../process-manager/code-work';
import { DeviceWatch } from '../process-manager/device-watch';
import { Executor } from '../process-manager/executor';
import { InFlightCalls } from '../process-manager/in-flight-calls';
import { LeavingCodes } from '../process-manager/leaving-codes';
import { LockReports } from '../process-manager/lock-reports';
import { LockWork } from '../process-manager/lock-work';
import { NextLooks } from '../process-manager/next-looks';
import { ReadBacks } from '../process-manager/read-backs';
import { Streams } from '../streams';
import { CodesProjection, codeStates, type CodesTables, linkedCodes } from '../views';
import type { Installation } from './installation';

/** How soon an unanswered command is followed by a read-back, ms. */
export const READ_BACK_AFTER = 2_000;
/** How long a wait for the views may take, ms: they are in memory. */
const VIEWS_WITHIN = 5_000;

/** One process that works on an installation: all the feature's handlers, views and process managers. */
export class FeatureProcess implements ViewBarrier, Running<Command<unknown> | Query<unknown>> {
  readonly streams: Streams;
  readonly rows: AgendaRows;
  readonly agenda: AgendaProjection;
  readonly codeWork: CodeWork;
  readonly lockWork: LockWork;
  readonly reports: LockReports;
  readonly deviceWatch: DeviceWatch;
  readonly backups: BackupPool;
  readonly leavingCodes: LeavingCodes;
  readonly nextLooks: NextLooks;
  readonly calls = new InFlightCalls();
  readonly executor: Executor;
  /** Between which instants it is, ms; by the clock, unless a spec sets it otherwise. */
  bounds: () => { readonly earliest: number; readonly latest: number };
  /** Whether an expired code stays readable. */
  keepsExpired = false;
  /** What the last answer waited for. */
  awaited: Position | undefined;
  private readonly runners: ProjectionRunner[];
  private module: TestingModule | undefined;

  private constructor(
    private readonly installation: Installation,
    readonly store: FaultyEventStore,
  ) {
    const { clock, ids, random, config, logger, vault, views, locks } = installation;
    this.bounds = () => ({ earliest: clock.now(), latest: clock.now() });
    const deviceStreams = new DeviceStreams(this.store, clock, ids);
    const codesWithKey = linkedCodes(views as Database<CodesTables>);
    this.streams = new Streams(this.store, clock, ids, deviceStreams, vault, logger, { codesWithKey });
    this.rows = new AgendaRows(views as Database<AgendaTables>, {
      owner: ids.uuid(),
      clock,
      wall: () => clock.now(),
    });
    const plannedWith = {
      streams: this.streams,
      bounds: () => this.bounds(),
      settings: { ...config, reservationGrace: RESERVATION_GRACE, readBackAfter: READ_BACK_AFTER },
    };
    this.agenda = new AgendaProjection(clock, (now) => this.executor.wakeFor(now), plannedWith);
    const shared = {
      ...{ streams: this.streams, known: this.agenda.known, rows: this.rows, calls: this.calls },
      ...{ gateway: locks, readBacks: new ReadBacks(locks), vault, clock, ids, random, logger },
    };
    const keepsExpired = () => Promise.resolve(this.keepsExpired);
    const cleanUp = new CleanUp({ ...shared, keepsExpired });
    this.lockWork = new LockWork({ ...shared, cleanUp, settings: config });
    this.backups = new BackupPool({ ...shared, settings: config });
    this.leavingCodes = new LeavingCodes({ ...shared, cleanUp });
    this.deviceWatch = new DeviceWatch({
      ...{ ...shared, work: this.lockWork, backups: this.backups, settings: config },
      leavingCodes: this.leavingCodes,
    });
    const planning = { ...shared, ...plannedWith };
    this.codeWork = new CodeWork({ ...planning, work: this.lockWork, cleanUp });
    const states = {
      upToDate: () => this.folded(this.store.lastAppended),
      load: (codeIds: readonly string[]) => codeStates((views as Database<CodesTables>).db, codeIds),
    };
    this.nextLooks = new NextLooks({ ...planning, states });
    this.executor = new Executor({
      ...{ ...shared, codes: this.codeWork },
      // Accounts are the devices feature's own work.
      others: { device: this.deviceWatch.device, account: () => Promise.resolve(null) },
    });
    this.runners = [this.agenda, new CodesProjection(), new DevicesProjection()].map(
      (projection) =>
        new ProjectionRunner({
          ...{ store: this.store, database: views, projection, clock, follows: DOMAIN_PREFIXES },
          onError: (name, err) => logger.error({ err, projection: name }, 'a view is held up'),
          onParked: (name, { type }, reason) => logger.error({ projection: name, type, reason }, 'parked'),
        }),
    );
    const [agenda] = this.runners;
    const onDue = () => this.executor.wake();
    this.reports = new LockReports({
      ...{ ...shared, work: this.lockWork, store: this.store, agenda: agenda!, onDue },
    });
  }

  /** @param store the installation's, as this process reaches it */
  static async start(installation: Installation, store: FaultyEventStore): Promise<FeatureProcess> {
    const process = new FeatureProcess(installation, store);
    for (const runner of process.runners) await runner.start();
    await Promise.all(process.runners.map((runner) => runner.caughtUp));
    await process.rows.releaseAll();
    process.module = await process.handlers();
    return process;
  }

  /** The handlers that the feature's own module names. */
  private async handlers(): Promise<TestingModule> {
    const { vault, clock, random, config, views } = this.installation;
    const own = Reflect.getMetadata('providers', AccessCodesModule) as ClassProvider[];
    const module = await Test.createTestingModule({
      imports: [CqrsModule.forRoot()],
      providers: [
        ...own,
        { provide: Streams, useValue: this.streams },
        { provide: BackupPool, useValue: this.backups },
        { provide: LockReports, useValue: this.reports },
        { provide: VIEW_BARRIER, useValue: this },
        { provide: VAULT, useValue: vault },
        { provide: CLOCK, useValue: clock },
        { provide: RANDOM, useValue: random },
        { provide: CONFIG, useValue: config },
        { provide: VIEWS_DATABASE, useValue: views },
        { provide: RECORDS, useValue: { workspaces: { get: () => Promise.resolve(undefined) } } },
      ],
    }).compile();
    return module.init();
  }

  get commands(): CommandBus {
    return this.module!.get(CommandBus);
  }

  get queries(): QueryBus {
    return this.module!.get(QueryBus);
  }

  execute(asked: Command<unknown> | Query<unknown>): Promise<unknown> {
    return asked instanceof Command ? this.commands.execute(asked) : this.queries.execute(asked);
  }

  putClock(instant: number): void {
    this.installation.clock.put(instant);
  }

  get locks(): InMemoryLocks {
    return this.installation.locks;
  }

  /** Works on a due code, as the executor does. @returns the result */
  async look(codeId: string): Promise<Settlement> {
    await this.caughtUp();
    const claims = await this.rows.claim(this.installation.clock.now(), 100);
    const claim = claims.find(({ id }) => id === codeId);
    await this.rows.releaseThese(claims.filter((each) => each !== claim));
    if (!claim) throw new Error(`${codeId} is not due`);
    const settlement = await this.codeWork.workThrough(claim);
    await this.rows.settle(claim, settlement);
    return settlement;
  }

  /** Does everything that is due by the clock, until nothing is. */
  async work(): Promise<void> {
    this.executor.start();
    let before: Position | undefined;
    do {
      before = this.store.lastAppended;
      await this.caughtUp();
      this.executor.wake();
      await this.executor.whenIdle();
    } while (!samePlace(before, this.store.lastAppended));
    await this.executor.stop();
  }

  async reached(position: Position | undefined): Promise<void> {
    this.awaited = position;
    if (!(await this.folded(position))) throw new ViewsBehind();
  }

  async caughtUp(): Promise<void> {
    if (!(await this.folded(this.store.lastAppended))) throw new ViewsBehind();
  }

  private async folded(position: Position | undefined): Promise<boolean> {
    const reached = await Promise.all(this.runners.map((each) => each.reached(position, VIEWS_WITHIN)));
    return reached.every(Boolean);
  }

  /** A process that has died still has subscriptions to be ended. */
  async close(): Promise<void> {
    this.executor.abandon();
    await Promise.all(this.runners.map((runner) => runner.stop()));
    await this.module?.close();
  }
}

function samePlace(a: Position | undefined, b: Position | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0);
}
