import { AgendaProjection, DOMAIN_PREFIXES, planSettings } from '@latchkey/access-codes';
import { AuditProjection } from '@latchkey/audit';
import { type ProjectionRunner, SharedSubscription } from '@latchkey/event-sourcing';
import { FeedProjection, listedInFeed, PUBLIC_EVENTS, Translator } from '@latchkey/public-events';
import { viewRunner } from '../stores/view-runner';
import { viewsOfQueries } from '../stores/views';
import { arrangeAgenda, type BuiltAgenda, UnarrangedAgenda } from './arranged-agenda';
import type { Beside, BuildOptions } from './build-options';

/** What is built apart: what is folded from the domain's events, and what integrations are told of them. */
export type Part = 'views' | 'feed';

/** How long the feed may take to fold what the translator has told at last, ms. The server folds what is left. */
const FEED_WITHIN_MS = 60_000;
const PUBLIC_PREFIXES = [`${PUBLIC_EVENTS}-`];

/** Folds the views of one part until they have all of history. Stopped early, they are as far as they have got. */
export class ViewsBuild {
  readonly runners: readonly ProjectionRunner[];
  private readonly domain: SharedSubscription;
  private readonly feed: ProjectionRunner | undefined;
  private readonly agenda: BuiltAgenda | undefined;

  constructor(
    part: Part,
    private readonly options: BuildOptions,
    private readonly beside: Beside,
  ) {
    const { store, stores, config, clock, logger } = options;
    const following = { store, clock, logger };
    this.domain = new SharedSubscription(store);
    const ofDomain = { ...following, follows: DOMAIN_PREFIXES, shared: this.domain };
    if (part === 'views') {
      const agenda = this.isAlone
        ? new UnarrangedAgenda(clock, planSettings(config))
        : new AgendaProjection(clock, () => undefined);
      const runner = viewRunner(agenda, stores.views, ofDomain);
      const views = viewsOfQueries().map((view) => viewRunner(view, stores.views, ofDomain));
      const audit = viewRunner(new AuditProjection(), stores.audit, { ...ofDomain, listsForeign: false });
      this.runners = [runner, ...views, audit];
      const codes = views.find(({ name }) => name === 'codes')!;
      this.agenda = { projection: agenda, runner, codes };
    } else {
      this.feed = viewRunner(new FeedProjection(), stores.feed, { ...following, follows: PUBLIC_PREFIXES });
      const translator = new Translator(store, config, listedInFeed);
      // Keypads are nothing to tell of: here nobody waits for their positions.
      const told = { ...following, shared: this.domain, listsForeign: false };
      this.runners = [this.feed, viewRunner(translator, stores.feed, told)];
    }
  }

  /** @throws what keeps one of them from being built */
  async run(): Promise<void> {
    const { feed, runners } = this;
    // What has been told before stands in the feed, where the translator finds it.
    await feed?.start();
    await feed?.caughtUp;
    const rest = runners.filter((runner) => runner !== feed);
    for (const runner of rest) await runner.start();
    this.domain.open();
    await Promise.all(rest.map((runner) => runner.caughtUp));
    await feed?.reached(this.options.store.lastAppendedTo(PUBLIC_PREFIXES), FEED_WITHIN_MS);
    if (this.isWorkers) await this.arrange();
    await this.stop();
  }

  /** Whether there is a worker here, which does what the agenda says. */
  private get isWorkers(): boolean {
    return this.options.config.roles.includes('worker');
  }

  /** Whether no other process claims rows of the agenda, before they are arranged. */
  private get isAlone(): boolean {
    return this.isWorkers && this.options.stores.views.engine === 'sqlite';
  }

  /** Puts off what waits in the agenda, beside the other thread. */
  private async arrange(): Promise<void> {
    const { agenda, beside, options } = this;
    if (agenda) beside.viewsAreFolded();
    else if (!(await beside.othersViews)) return;
    await arrangeAgenda(agenda, beside.turns, options);
  }

  async stop(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }
}
