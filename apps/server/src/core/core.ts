import { AccountWatch, Departures, DeviceStreams } from '@latchkey/devices';
import {
  AgendaProjection,
  AgendaRows,
  type AgendaTables,
  BackupPool,
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
  NextLooks,
  ReadBacks,
  RESERVATION_GRACE,
  Streams,
} from '@latchkey/access-codes';
import type { Database } from '@latchkey/database';
import {
  comparePositions,
  type Position,
  type ProjectionRunner,
  SharedSubscription,
  type ViewBarrier,
  ViewsBehind,
} from '@latchkey/event-sourcing';
import { PUBLIC_EVENTS } from '@latchkey/public-events';
import type { Kysely } from 'kysely';
import type { Part } from '../building/build-views';
import type { CoreOptions } from './core-options';
import { CountedGateway } from './counted-gateway';
import { viewRunner } from './view-runner';

const PUBLIC_PREFIXES = [`${PUBLIC_EVENTS}-`];

/** A clock that nobody can put. */
const NEVER_PUT = { offset: 0, believe: () => undefined, doubt: () => undefined };

/** How soon an unanswered command is looked after, ms. */
const READ_BACK_AFTER = 2_000;
/** How long events may gather for views that nobody waits for, ms. */
const LINGER_MS = 20;
/** The same while time is played: nobody looks on. */
const LINGER_PLAYING_MS = 250;
/** So long a worker waits to hear of what another process has folded, ms; then it asks the event store instead. */
const HEARD_WITHIN_MS = 2_000;
/** How long an answer to a write waits for the views, ms. */
const VIEWS_WITHIN_MS = 5_000;

/** The domain at work: streams, views, agenda and the executor that drives the locks. */
export class Core implements ViewBarrier {
  readonly deviceStreams: DeviceStreams;
  readonly streams: Streams;
  readonly rows: AgendaRows;
  readonly executor: Executor;
  readonly reports: LockReports;
  readonly accountWatch: AccountWatch;
  readonly deviceWatch: DeviceWatch;
  readonly departures: Departures;
  readonly backups: BackupPool;
  /** The way to the locks. */
  readonly gateway: CountedGateway;
  /** Time is being played, from one due instant to the next. */
  private played = false;
  private readonly agenda: ProjectionRunner;
  private readonly nextLooks: NextLooks;
  private readonly domain: SharedSubscription;
  /** Those that fold the domain's events. */
  private readonly runners: ProjectionRunner[];
  /** Makes public events of them. */
  private readonly translator: ProjectionRunner | undefined;
  /** Folds what the translator makes of them. */
  private readonly feed: ProjectionRunner | undefined;
  private readonly audit: ProjectionRunner | undefined;

  constructor(private readonly options: CoreOptions) {
    const { config, store, database, vault, clock, ids, random, logger } = options;
    this.gateway = new CountedGateway(options.gateway, logger, options.onLockAnswer);
    const { gateway } = this;
    const alone = database.engine === 'sqlite';
    this.deviceStreams = new DeviceStreams(store, clock, ids, alone);
    const codesWithKey = linkedCodes(database as Database<CodesTables>);
    const beside = { alone, codesWithKey };
    this.streams = new Streams(store, clock, ids, this.deviceStreams, vault, logger, beside);
    this.rows = new AgendaRows(database as Database<AgendaTables>, {
      owner: ids.uuid(),
      clock,
      wall: () => Date.now(),
      // Alone, nobody else folds the agenda: it can tell of nothing that this process has not seen.
      heard: database.engine === 'sqlite' ? undefined : () => this.hearWhatOthersFolded(projection),
    });
    const readBacks = new ReadBacks(gateway);
    const calls = new InFlightCalls();
    const projection = new AgendaProjection(clock, () => this.executor.wake());
    const shared = {
      streams: this.streams,
      known: projection.known,
      rows: this.rows,
      gateway,
      readBacks,
      clock,
      random,
      logger,
    };
    const work = new LockWork({ ...shared, vault, ids, settings: config });
    const { forgetAccount = () => Promise.resolve() } = options;
    const devices = { ...shared, streams: this.deviceStreams, locks: this.rows };
    this.departures = new Departures({ ...devices, codes: new LeavingCodes(shared), forgetAccount });
    this.backups = new BackupPool({ ...shared, vault, settings: config });
    const { clockWatch } = options;
    this.accountWatch = new AccountWatch({
      ...devices,
      departures: this.departures,
      ownClock: clockWatch ?? NEVER_PUT,
      settings: config,
    });
    this.deviceWatch = new DeviceWatch({ ...shared, work, backups: this.backups, settings: config });
    const planning = {
      ...shared,
      bounds: () => clockWatch?.bounds() ?? { earliest: clock.now(), latest: clock.now() },
      settings: {
        ...config,
        reservationGrace: RESERVATION_GRACE,
        readBackAfter: READ_BACK_AFTER,
        keepsExpired: options.keepsExpired,
      },
    };
    const codes = new CodeWork({ ...planning, work, calls, vault, ids });
    const states = {
      upToDate: () => this.codesHaveWhatTheAgendaHas(),
      load: (codeIds: readonly string[]) => codeStates(database.db as Kysely<CodesTables>, codeIds),
    };
    this.nextLooks = new NextLooks({ ...planning, states });
    const others = { device: this.deviceWatch.device, account: this.accountWatch.account };
    this.executor = new Executor({ ...shared, codes, others });
    const { feed } = options;
    const following = { store, clock, logger };
    this.domain = new SharedSubscription(store);
    const linger = (): number => (this.played ? LINGER_PLAYING_MS : LINGER_MS);
    // The agenda drives the locks and waits for nothing; what is only read may gather until somebody waits for it.
    const ofDomain = { ...following, follows: DOMAIN_PREFIXES, shared: this.domain };
    this.runners = [
      viewRunner(projection, database, ofDomain),
      ...options.views.map((view) => viewRunner(view, database, { ...ofDomain, linger })),
    ];
    // Foreign events are listed once: beside the views those of the domain, beside the feed those of its own streams.
    this.translator =
      feed && viewRunner(feed.translator, feed.database, { ...ofDomain, linger, listsForeign: false });
    if (this.translator) this.runners.push(this.translator);
    this.feed =
      feed && viewRunner(feed.projection, feed.database, { ...following, follows: PUBLIC_PREFIXES, linger });
    const { audit } = options;
    const lazily = { ...ofDomain, linger: () => LINGER_PLAYING_MS, listsForeign: false };
    this.audit = audit && viewRunner(audit.projection, audit.database, lazily);
    this.agenda = this.runners[0]!;
    this.reports = new LockReports({
      ...shared,
      calls,
      work,
      store,
      ids,
      agenda: this.agenda,
      onDue: () => this.executor.wake(),
    });
  }

  /** Resolves when every view has folded all of history; rejects when one can't be built. */
  async start(): Promise<void> {
    for (const runner of this.all) await runner.start();
    this.domain.open();
    await Promise.all(this.all.map((runner) => runner.caughtUp));
    for (const runner of this.all) await runner.dropOlder();
  }

  /** What folds each view. */
  get all(): readonly ProjectionRunner[] {
    const others = [this.feed, this.audit].filter((runner) => runner !== undefined);
    return [...this.runners, ...others];
  }

  /** The same, by the thread that builds it where history is long. */
  get byThread(): Readonly<Record<Part, readonly ProjectionRunner[]>> {
    const isOfFeed = (runner: ProjectionRunner) => runner === this.translator || runner === this.feed;
    return {
      views: this.all.filter((runner) => !isOfFeed(runner)),
      feed: this.all.filter(isOfFeed),
    };
  }

  /** Where another process folds the agenda, it may tell of events that this one has yet to see. */
  private async hearWhatOthersFolded(agenda: AgendaProjection): Promise<void> {
    agenda.known.isBelieved = await this.agenda.sawWhatIsFolded(HEARD_WITHIN_MS);
  }

  /** Whether the view of codes has folded all that the agenda tells of by now. */
  private async codesHaveWhatTheAgendaHas(): Promise<boolean> {
    const codes = this.runners.find(({ name }) => name === 'codes');
    const stored = await this.agenda.storedPosition();
    return codes !== undefined && (await codes.reached(stored, VIEWS_WITHIN_MS));
  }

  /** Begins to do what is due; to be called once the views are built. */
  async work(): Promise<void> {
    // On SQLite nobody else works on it.
    if (this.options.database.engine === 'sqlite') await this.rows.releaseAll();
    await this.nextLooks.arrange();
    this.executor.start();
    this.options.clockWatch?.onJump((by) => void this.clockWasPut(by));
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
    await Promise.all(this.all.map((runner) => runner.stop()));
  }

  /** Lets everything lie as it is, as a killed process would. */
  async abandon(): Promise<void> {
    this.executor.abandon();
    await Promise.all(this.all.map((runner) => runner.stop()));
  }

  /** @throws {ViewsBehind} when what is read has not folded it in time; integrations may be told later */
  async reached(position: Position | undefined): Promise<void> {
    if (!(await this.folded(position))) throw new ViewsBehind();
  }

  /** Whether what is read has folded everything up to the position in time. */
  private async folded(position: Position | undefined): Promise<boolean> {
    const until = performance.now() + VIEWS_WITHIN_MS;
    const reached = await Promise.all(
      this.runners.map(
        async (runner) =>
          (await runner.reached(position, VIEWS_WITHIN_MS)) ||
          // It is what integrations are told by, not what is read.
          runner === this.translator,
      ),
    );
    const left = Math.max(0, until - performance.now());
    await this.feed?.reached(this.options.store.lastAppendedTo(PUBLIC_PREFIXES), left);
    return reached.every(Boolean);
  }

  /** Resolves when nothing that was due is left undone. */
  async settle(): Promise<void> {
    const { store } = this.options;
    let before: Position | undefined;
    do {
      before = store.lastAppendedTo(DOMAIN_PREFIXES);
      await this.agenda.reached(before, VIEWS_WITHIN_MS);
      await this.executor.whenIdle();
    } while (!samePosition(before, store.lastAppendedTo(DOMAIN_PREFIXES)));
  }

  /** Resolves when everything that happened can be read. */
  async caughtUp(): Promise<void> {
    await this.folded(this.options.store.lastAppendedTo(DOMAIN_PREFIXES));
  }

  /** @throws {ViewsBehind} when the audit's index has not folded in time what this process has appended */
  async auditCaughtUp(): Promise<void> {
    const position = this.options.store.lastAppendedTo(DOMAIN_PREFIXES);
    if (this.audit && !(await this.audit.reached(position, VIEWS_WITHIN_MS))) throw new ViewsBehind();
  }

  playing(begun: boolean): void {
    this.played = begun;
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

export function samePosition(a: Position | undefined, b: Position | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && comparePositions(a, b) === 0);
}
