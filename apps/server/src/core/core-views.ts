import { DOMAIN_PREFIXES } from '@latchkey/access-codes';
import {
  type Position,
  type Projection,
  type ProjectionRunner,
  SharedSubscription,
  type ReadBarrier,
  type ViewBarrier,
  ViewsBehind,
} from '@latchkey/event-sourcing';
import { PUBLIC_EVENTS } from '@latchkey/public-events';
import type { Part } from '../building/build-views';
import type { CoreOptions } from './core-options';
import { viewRunner } from '../stores/view-runner';
import { UnreadWrites } from './unread-writes';

const PUBLIC_PREFIXES = [`${PUBLIC_EVENTS}-`];

/** How long events may gather for views that nobody waits for, ms. */
const LINGER_MS = 20;
/** The same while time is played: nobody looks on. */
const LINGER_PLAYING_MS = 1_000;
/** The same for the index of facts, at all times. */
const LINGER_AUDIT_MS = 250;
/**
 * The more answers wait, the longer events may gather: a batch costs nearly the same for many as for one. ms for each
 * answer after the first, and at most; `unread`: where nobody waits, but answers were given that can't be read yet.
 */
const GATHER_MS = { eachAnswer: 2, most: 30, unread: { least: 20, most: 60 } };
/** How long an answer to a write waits for the views, ms. */
const VIEWS_WITHIN_MS = 5_000;

/** What is folded from the domain's events, and who may wait for it: the agenda, what queries read, and the feed. */
export class CoreViews implements ViewBarrier, ReadBarrier {
  readonly agenda: ProjectionRunner;
  /** Time is being played, from one due instant to the next. */
  isPlaying = false;
  /** Follows the public streams for the feed and others, which join before `start`. */
  readonly publicEvents: SharedSubscription;
  private readonly domain: SharedSubscription;
  /** How many answers to writes wait for the views now. */
  private answersWaiting = 0;
  /** What was answered without waiting for them. */
  private readonly unread = new UnreadWrites((position) =>
    this.runners.every((runner) => runner.hasFolded(position)),
  );
  /** The agenda, and what queries read. */
  private readonly runners: ProjectionRunner[];
  /** Makes public events of them. */
  private readonly translator: ProjectionRunner | undefined;
  /** Folds what the translator makes of them. */
  private readonly feed: ProjectionRunner | undefined;
  private readonly audit: ProjectionRunner | undefined;
  /** Other processes answer by it, too. */
  private readonly feedIsShared: boolean;

  constructor(
    private readonly options: Pick<
      CoreOptions,
      'store' | 'clock' | 'logger' | 'database' | 'views' | 'feed' | 'audit'
    >,
    agenda: Projection,
  ) {
    const { store, clock, logger, database, feed, audit } = options;
    const following = { store, clock, logger };
    this.domain = new SharedSubscription(store, { linger: () => this.gatherMs });
    this.publicEvents = new SharedSubscription(store);
    const linger = (): number => (this.isPlaying ? LINGER_PLAYING_MS : LINGER_MS);
    // The agenda drives the locks and waits for nothing; what is only read may gather until somebody waits for it.
    const ofDomain = { ...following, follows: DOMAIN_PREFIXES, shared: this.domain };
    this.agenda = viewRunner(agenda, database, ofDomain);
    this.runners = [
      this.agenda,
      ...options.views.map((view) => viewRunner(view, database, { ...ofDomain, linger })),
    ];
    // Foreign events are listed once: beside the views those of the domain, beside the feed those of its own streams.
    this.translator =
      feed && viewRunner(feed.translator, feed.database, { ...ofDomain, linger, listsForeign: false });
    const ofPublic = { ...following, follows: PUBLIC_PREFIXES, shared: this.publicEvents, linger };
    this.feedIsShared = feed?.database.engine === 'postgres';
    this.feed = feed && viewRunner(feed.projection, feed.database, ofPublic);
    const lazily = { ...ofDomain, linger: () => LINGER_AUDIT_MS, listsForeign: false };
    this.audit = audit && viewRunner(audit.projection, audit.database, lazily);
  }

  /** Resolves when every view has folded all of history; rejects when one can't be built. */
  async start(): Promise<void> {
    for (const runner of this.all) await runner.start();
    this.domain.open();
    this.publicEvents.open();
    await Promise.all(this.all.map((runner) => runner.caughtUp));
    for (const runner of this.all) await runner.dropOlder();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((runner) => runner.stop()));
  }

  /** What folds each view. */
  get all(): readonly ProjectionRunner[] {
    const others = [this.translator, this.feed, this.audit].filter((runner) => runner !== undefined);
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

  /** Whether the view of codes has folded all that the agenda tells of by now. */
  async codesHaveWhatTheAgendaHas(): Promise<boolean> {
    const codes = this.runners.find(({ name }) => name === 'codes');
    const stored = await this.agenda.storedPosition();
    return codes !== undefined && (await codes.reached(stored, VIEWS_WITHIN_MS));
  }

  /** Waits only for the agenda, at most as long as an answer would. */
  async agendaReached(position: Position | undefined): Promise<void> {
    await this.agenda.reached(position, VIEWS_WITHIN_MS);
  }

  /** @throws {ViewsBehind} when what is read has not folded it in time; integrations may be told later */
  async reached(position: Position | undefined): Promise<void> {
    if (!(await this.folded(position))) throw new ViewsBehind();
  }

  /** A read of this process waits for it; what another one reads must have it already. */
  beforeNextRead(position: Position): Promise<void> {
    if (this.options.database.engine === 'postgres') return this.reached(position);
    this.unread.add(position);
    return Promise.resolve();
  }

  /** @throws {ViewsBehind} */
  readable(): Promise<void> | undefined {
    const { last } = this.unread;
    if (!last) return undefined;
    const reached = this.reached(last);
    this.domain.flush();
    return reached;
  }

  /** Resolves when everything that happened can be read. */
  async caughtUp(): Promise<void> {
    const position = this.options.store.lastAppendedTo(DOMAIN_PREFIXES);
    await Promise.all([this.folded(position), this.told(position)]);
  }

  /** Resolves when the feed tells of what this process has appended, or that takes too long. */
  feedCaughtUp(): Promise<void> {
    return this.told(this.options.store.lastAppendedTo(DOMAIN_PREFIXES));
  }

  /** @throws {ViewsBehind} when the audit's index has not folded in time what this process has appended */
  async auditCaughtUp(): Promise<void> {
    const position = this.options.store.lastAppendedTo(DOMAIN_PREFIXES);
    if (this.audit && !(await this.audit.reached(position, VIEWS_WITHIN_MS))) throw new ViewsBehind();
  }

  private get gatherMs(): number {
    const { eachAnswer, most, unread } = GATHER_MS;
    const { answersWaiting } = this;
    if (answersWaiting > 0) return Math.min(most, eachAnswer * (answersWaiting - 1));
    const { count } = this.unread;
    return count === 0 ? 0 : Math.min(unread.most, unread.least + eachAnswer * count);
  }

  /** Whether what is read has folded everything up to the position in time. */
  private async folded(position: Position | undefined): Promise<boolean> {
    this.answersWaiting++;
    try {
      return await this.foldedInTime(position);
    } finally {
      this.answersWaiting--;
    }
  }

  private async foldedInTime(position: Position | undefined): Promise<boolean> {
    const reached = this.runners.map((runner) => runner.reached(position, VIEWS_WITHIN_MS));
    // What this process has written is waited for where the feed is asked; another one does not know of it.
    if (this.feedIsShared) await this.told(position);
    return (await Promise.all(reached)).every(Boolean);
  }

  /** Resolves when the feed tells of everything up to the position, or not in time. */
  private async told(position: Position | undefined): Promise<void> {
    const until = performance.now() + VIEWS_WITHIN_MS;
    await this.translator?.reached(position, VIEWS_WITHIN_MS);
    const left = Math.max(0, until - performance.now());
    await this.feed?.reached(this.options.store.lastAppendedTo(PUBLIC_PREFIXES), left);
  }
}
