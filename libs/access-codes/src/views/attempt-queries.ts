import { between, type Database, inSteps, type Records } from '@latchkey/database';
import {
  type ActionAttempt,
  type DevicesTables,
  presentAction,
  type SeamActionAttempt,
} from '@latchkey/devices';
import {
  type Clock,
  CLOCK,
  type Config,
  CONFIG,
  emptyPage,
  type Page,
  type PageRequest,
  pageOf,
  RECORDS,
  startOf,
  VIEWS_DATABASE,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import { ATTEMPTS, type AttemptsTables } from './attempts-projection';
import { CodePresenter } from './code-presenter';
import { listedBy } from './code-queries';
import type { CodesTables } from './codes-projection';
import { type CodeAttempt, codeAttempt } from './present-code-attempt';
import { ListActionAttempts } from './queries';
import { readCodes } from './read-codes';

type Settings = Pick<Config, 'commandDeadline' | 'preloadLead' | 'justInTimeLead' | 'expiredCodes'>;
type Row = AttemptsTables[typeof ATTEMPTS];

@QueryHandler(ListActionAttempts)
export class ListActionAttemptsHandler implements IQueryHandler<ListActionAttempts> {
  constructor(
    @Inject(VIEWS_DATABASE) private readonly views: Database<AttemptsTables & CodesTables & DevicesTables>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Settings,
    @Inject(RECORDS) private readonly records: Pick<Records, 'workspaces'>,
    private readonly presenter: CodePresenter,
  ) {}

  async execute(query: ListActionAttempts): Promise<Page<SeamActionAttempt | CodeAttempt>> {
    const { workspaceId, filter, page } = query;
    const scope = { list: 'action_attempts', workspaceId, ...filter };
    startOf(page, scope);
    if (filter.actionAttemptIds?.length === 0) return emptyPage();
    return inSteps(page, async (step) => {
      const { items, pagination } = pageOf(
        await this.rows(query, step, scope),
        step,
        scope,
        (row) => ({ at: row.listed_at!, id: row.action_attempt_id }),
        (row) => row,
      );
      return { items: await this.present(workspaceId, items), pagination };
    });
  }

  private rows(
    { workspaceId, filter }: ListActionAttempts,
    step: PageRequest,
    scope: object,
  ): Promise<readonly Row[]> {
    const { deviceId, actionAttemptIds } = filter;
    const after = startOf(step, scope);
    let query = this.views.db
      .selectFrom(ATTEMPTS)
      .selectAll()
      .where(between({ at: 'listed_at', id: 'action_attempt_id' }, after))
      .orderBy('listed_at')
      .orderBy('action_attempt_id')
      .limit(step.limit + 1);
    if (actionAttemptIds) query = query.where('action_attempt_id', 'in', [...new Set(actionAttemptIds)]);
    // The device's own index is the shorter one; the expression keeps SQLite from taking the workspace's.
    query =
      deviceId === undefined
        ? query.where('workspace_id', '=', workspaceId)
        : query.where('device_id', '=', deviceId).where(sql<boolean>`workspace_id || '' = ${workspaceId}`);
    return query.execute();
  }

  private async present(
    workspaceId: string,
    rows: readonly Row[],
  ): Promise<(SeamActionAttempt | CodeAttempt)[]> {
    const codes = await this.codes(workspaceId, rows);
    const shownAt = { now: this.clock.now(), deadline: this.config.commandDeadline };
    return rows.map(({ code_id, code_action, state }) => {
      if (code_id === null || code_action === null)
        return presentAction(JSON.parse(state!) as ActionAttempt, shownAt);
      return codeAttempt(code_action, code_id, codes.get(code_id));
    });
  }

  /** The codes that attempts are about, by id, as far as they can still be read. */
  private async codes(workspaceId: string, rows: readonly Row[]): Promise<ReadonlyMap<string, object>> {
    const ids = [...new Set(rows.flatMap(({ code_id }) => code_id ?? []))];
    if (ids.length === 0) return new Map();
    const listed = await listedBy(this.records, workspaceId, this.config);
    const shown = await this.presenter.present(await readCodes(this.views, ids, { workspaceId, listed }));
    return new Map(shown.map((code) => [code.access_code_id, code]));
  }
}
