import { type Database, inSteps } from '@latchkey/database';
import {
  AUDIT_DATABASE,
  type Page,
  pageOf,
  type PageRequest,
  type RowKey,
  START,
  startOf,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import type { Actor } from '@latchkey/event-sourcing';
import type { AuditEntry } from '../domain/entry';
import { AUDIT_VIEW, type AuditView } from './audit-view';
import { type AuditTables, ENTRIES, type HISTORY_KEYS } from './audit-tables';
import { GetHistory, type HistoryFilter } from './queries';

type Row = AuditTables[typeof ENTRIES];

/** Facts are shown as they are kept: this many take a few milliseconds. */
const ROWS_AT_ONCE = 500;

@QueryHandler(GetHistory)
export class GetHistoryHandler implements IQueryHandler<GetHistory> {
  constructor(
    @Inject(AUDIT_DATABASE) private readonly database: Database<AuditTables>,
    @Inject(AUDIT_VIEW) private readonly view: AuditView,
  ) {}

  async execute({ workspaceId, filter, page }: GetHistory): Promise<Page<AuditEntry>> {
    await this.view.caughtUp();
    return inSteps(page, (step) => this.read(workspaceId, filter, step), ROWS_AT_ONCE);
  }

  private async read(
    workspaceId: string,
    filter: HistoryFilter,
    page: PageRequest,
  ): Promise<Page<AuditEntry>> {
    const filters = { workspaceId, ...filter };
    const after = placeOf(startOf(page, filters));
    let query = this.database.db
      .selectFrom(ENTRIES)
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('occurred_at', '>=', Math.max(after.at, filter.since ?? 0))
      .where(
        sql<boolean>`(occurred_at, commit_position, prepare_position) > (${after.at}, ${after.commit}, ${after.prepare})`,
      )
      .orderBy('occurred_at')
      .orderBy('commit_position')
      .orderBy('prepare_position')
      .limit(page.limit + 1);
    for (const [column, value] of keysOf(filter)) query = query.where(column, '=', value);
    if (filter.until !== undefined) query = query.where('occurred_at', '<', filter.until);
    if (filter.eventTypes) query = query.where('event_type', 'in', filter.eventTypes);
    return pageOf(await query.execute(), page, filters, keyOf, entryOf);
  }
}

function keysOf(filter: HistoryFilter): [(typeof HISTORY_KEYS)[number], string][] {
  const keys: [(typeof HISTORY_KEYS)[number], string | undefined][] = [
    ['access_code_id', filter.accessCodeId],
    ['device_id', filter.deviceId],
    ['connected_account_id', filter.connectedAccountId],
    ['actor_id', filter.apiKeyId],
    ['request_id', filter.requestId],
  ];
  return keys.flatMap(([column, value]) => (value === undefined ? [] : [[column, value]]));
}

const keyOf = (row: Row): RowKey => ({
  at: row.occurred_at,
  id: `${row.commit_position}-${row.prepare_position}`,
});

function placeOf(key: RowKey): { at: number; commit: number; prepare: number } {
  if (key === START) return { at: -1, commit: -1, prepare: -1 };
  const [commit = -1, prepare = -1] = key.id.split('-').map(Number);
  return { at: key.at, commit, prepare };
}

export function entryOf(row: Row): AuditEntry {
  return {
    eventId: row.event_id,
    type: row.event_type,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    actor: { type: row.actor_type as Actor['type'], ...(row.actor_id === null ? {} : { id: row.actor_id }) },
    requestId: row.request_id,
    causationId: row.causation_id,
    about: {
      codeId: row.access_code_id,
      deviceId: row.device_id,
      accountId: row.connected_account_id,
      actionAttemptId: row.action_attempt_id,
      connectWebviewId: row.connect_webview_id,
    },
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  };
}
