import { AccountWatch, Departures, DeviceStreams } from '@latchkey/devices';
import {
  AgendaProjection,
  AgendaRows,
  type AgendaTables,
  BackupPool,
  CleanUp,
  InFlightCalls,
  codeStates,
  type CodesTables,
  CodeWork,
  DeviceWatch,
  DOMAIN_PREFIXES,
  Executor,
  LeavingCodes,
  linkedCodes,
  LockReports,
  LockWork,
  LostCalls,
  NextLooks,
  planSettings,
  ReadBacks,
  Streams,
} from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import {
  comparePositions,
  type Position,
  type ProjectionRunner,
  type SharedSubscription,
  type ReadBarrier,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import type { Kysely } from 'kysely';
import type { CoreOptions } from './core-options';
import { CoreViews } from './core-views';
import { CountedGateway } from './counted-gateway';

/** A clock that nobody can put. */
const NEVER_PUT = { offset: 0, believe: () => undefined, doubt: () => undefined };

/**
 * How long a worker waits to see the events that another process has folded, ms; then it reads the event store instead.
 */
const HEARD_WITHIN_MS = 2_000;

/** The domain at work: streams, views, agenda and the executor that drives the locks. */
export class Core implements ViewBarrier, ReadBarrier {
  readonly deviceStreams: DeviceStreams;
  readonly streams: Streams;
  readonly rows: AgendaRows;
  readonly executor: Executor;
  readonly reports: LockReports;
  readonly accountWatch: AccountWatch;
  readonly deviceWatch: DeviceWatch;
  readonly departures: Departures;
  readonly backups: BackupPool;
  readonly cleanUp: CleanUp;
  /** The way to the locks. */
  readonly gateway: CountedGateway;
  private readonly views: CoreViews;
  private readonly nextLooks: NextLooks;
  /** On SQLite nobody else works on it. */
  private readonly alone: boolean;

  constructor(private readonly options: CoreOptions) {
    const { config, store, database, vault, clock, ids, random, logger } = options;
    this.gateway = new CountedGateway(options.gateway, logger, options.onLockAnswer);
    const { gateway } = this;
    // Alone, nobody else folds the agenda: it can tell of nothing that this process has not seen.
    const alone = (this.alone = database.engine === 'sqlite');
    this.deviceStreams = new DeviceStreams(store, clock, ids, alone);
    const codesWithKey = linkedCodes(database as Database<CodesTables>);
    const beside = { alone, codesWithKey };
    this.streams = new Streams(store, clock, ids, this.deviceStreams, vault, logger, beside);
    this.rows = new AgendaRows(database as Database<AgendaTables>, {
      owner: ids.uuid(),
      clock,
      wall: () => Date.now(),
      heard: alone ? undefined : () => this.hearWhatOthersFolded(projection),
    });
    const readBacks = new ReadBacks(gateway);
    const calls = new InFlightCalls();
    const plannedWith = { streams: this.streams, ...circumstancesOf(options) };
    const projection = new AgendaProjection(clock, (now) => this.executor.wakeFor(now), plannedWith);
    this.views = new CoreViews(options, projection);
    const shared = {
      streams: this.streams,
      known: projection.known,
      rows: this.rows,
      ...{ gateway, readBacks, clock, random, logger },
    };
    const { forgetAccount = () => Promise.resolve(), keepsExpired } = options;
    const cleanUp = (this.cleanUp = new CleanUp({ ...shared, vault, keepsExpired }));
    const work = new LockWork({ ...shared, vault, cleanUp, ids, settings: config });
    const devices = { ...shared, streams: this.deviceStreams, locks: this.rows };
    const leavingCodes = new LeavingCodes({ ...shared, cleanUp });
    this.departures = new Departures({ ...devices, codes: leavingCodes, forgetAccount });
    this.backups = new BackupPool({ ...shared, vault, settings: config });
    const { clockWatch } = options;
    this.accountWatch = new AccountWatch({
      ...devices,
      departures: this.departures,
      ownClock: clockWatch ?? NEVER_PUT,
      settings: config,
    });
    const { backups } = this;
    this.deviceWatch = new DeviceWatch({ ...shared, work, backups, leavingCodes, settings: config });
    const planning = { ...shared, ...plannedWith };
    const codes = new CodeWork({ ...planning, work, calls, cleanUp, vault, ids });
    const states = {
      upToDate: () => this.views.codesHaveWhatTheAgendaHas(),
      load: (codeIds: readonly string[]) => codeStates(database.db as Kysely<CodesTables>, codeIds),
    };
    this.nextLooks = new NextLooks({ ...planning, states });
    const others = { device: this.deviceWatch.device, account: this.accountWatch.account };
    this.executor = new Executor({ ...shared, codes: watched(codes, options.onLook), others });
    this.reports = new LockReports({
      ...{ ...shared, calls, work, store, ids },
      agenda: this.views.agenda,
      onDue: () => this.executor.wake(),
    });
  }

  /** Resolves when every view has folded all of history; rejects when one can't be built. */
  start(): Promise<void> {
    return this.views.start();
  }

  /** What folds each view. */
  get all(): readonly ProjectionRunner[] {
    return this.views.all;
  }

  /** The public streams, followed once for all who join before `start`. */
  get publicEvents(): SharedSubscription {
    return this.views.publicEvents;
  }

  /** The same, by the thread that builds it where history is long. */
  get byThread(): CoreViews['byThread'] {
    return this.views.byThread;
  }

  /** Where another process folds the agenda, it may tell of events that this one has yet to see. */
  private async hearWhatOthersFolded(agenda: AgendaProjection): Promise<void> {
    agenda.known.isBelieved = await this.views.agenda.sawWhatIsFolded(HEARD_WITHIN_MS);
  }

  /** Begins to do what is due; to be called once the views are built. */
  async work(): Promise<void> {
    if (this.alone) await this.rows.releaseAll();
    await this.nextLooks.arrange();
    if (this.alone) await this.recordLostCalls();
    this.executor.start();
    this.options.clockWatch?.onJump((by) => void this.clockWasPut(by));
  }

  /** What can't be recorded now a read-back shows at its deadline. */
  private async recordLostCalls(): Promise<void> {
    const { logger } = this.options;
    try {
      await new LostCalls(this).record();
    } catch (error) {
      logger.warn({ err: error }, 'commands without a sender could not be recorded as such');
    }
  }

  /** Everything that was to happen at some instant is looked at again by what the clock reads now. */
  private async clockWasPut(by: number): Promise<void> {
    const { logger } = this.options;
    if (by === 0)
      logger.info('the clock is right by what locks tell, or since nothing has spoken against it');
    else logger.warn({ byMs: Math.round(by) }, 'the clock was put: everything is looked at again');
    try {
      if (by !== 0) this.accountWatch.clockWasPut();
      await this.rows.makeAllDue();
      this.executor.wake();
    } catch (error) {
      logger.error({ err: error }, 'the agenda could not be made due after the clock was put');
    }
  }

  async stop(): Promise<void> {
    await this.executor.stop();
    await this.views.stop();
  }

  /** Lets everything lie as it is, as a killed process would. */
  async abandon(): Promise<void> {
    this.executor.abandon();
    await this.views.stop();
  }

  /** @throws {ViewsBehind} when what is read has not folded it in time; integrations may be told later */
  reached(position: Position | undefined): Promise<void> {
    return this.views.reached(position);
  }

  beforeNextRead(position: Position): Promise<void> {
    return this.views.beforeNextRead(position);
  }

  readable(): Promise<void> | undefined {
    return this.views.readable();
  }

  /** Resolves when nothing that was due is left undone. */
  async settle(): Promise<void> {
    const { store } = this.options;
    let before: Position | undefined;
    do {
      before = store.lastAppendedTo(DOMAIN_PREFIXES);
      await this.views.agendaReached(before);
      await this.executor.whenIdle();
    } while (!samePosition(before, store.lastAppendedTo(DOMAIN_PREFIXES)));
  }

  /** Resolves when everything that happened can be read. */
  caughtUp(): Promise<void> {
    return this.views.caughtUp();
  }

  /** @throws {ViewsBehind} when the audit's index has not folded in time what this process has appended */
  auditCaughtUp(): Promise<void> {
    return this.views.auditCaughtUp();
  }

  /** Resolves when the feed tells of everything that this process has appended, or that takes too long. */
  feedCaughtUp(): Promise<void> {
    return this.views.feedCaughtUp();
  }

  playing(begun: boolean): void {
    this.views.isPlaying = begun;
  }

  hold(): void {
    this.executor.hold();
  }

  release(): void {
    this.executor.release();
  }

  /** When something falls due by itself next, ms; null: never. */
  nextDue(): Promise<number | null> {
    return Promise.resolve(this.executor.nextDue);
  }

  /** How often a lock was asked to do something. */
  get lockCalls(): number {
    return this.gateway.writes;
  }
}

/** Runs the work on a code, inside its trace where there is one. */
function watched(
  codes: Pick<CodeWork, 'workThrough'>,
  onLook: CoreOptions['onLook'],
): Pick<CodeWork, 'workThrough'> {
  return onLook ? { workThrough: (claim) => onLook(claim.id, () => codes.workThrough(claim)) } : codes;
}

/** What codes are planned by, beside what has happened to them. */
function circumstancesOf({ config, clock, clockWatch }: CoreOptions) {
  return {
    bounds: () => clockWatch?.bounds() ?? { earliest: clock.now(), latest: clock.now() },
    settings: planSettings(config),
  };
}

export function samePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0);
}
