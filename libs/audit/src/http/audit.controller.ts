import { By, type Caller, Header, pageAsked, PAGINATION, Params, SeamRoute } from '@latchkey/http';
import type { Records } from '@latchkey/database';
import {
  ApiError,
  type Clock,
  CLOCK,
  MINUTE,
  type Page,
  type PageRequest,
  RECORDS,
} from '@latchkey/platform';
import { Controller, Inject } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import {
  FollowDoorBetween,
  GetDoorAt,
  GetDoorBetween,
  GetHistory,
  type HistoryFilter,
} from '../views/queries';
import { AuditHistoryParams, DoorAtParams, DoorBetweenParams } from './audit-params';
import { AUDIT_ENTRY_SCHEMA, DOOR_CHANGE_SCHEMA, DOOR_SCHEMA } from './audit.schema';
import { AT_DOOR_COLUMNS, ENTRY_COLUMNS } from './csv-columns';
import { formatAsked, streamed } from './lines';
import { FACT_TYPES } from '../facts';
import { keyNames, type KeyNames, presentAtDoor, presentDoor, presentEntry } from './present';

/** /audit: what happened, who caused it, and what opened a door when. For API keys with the permission `audit`. */
@Controller()
export class AuditController {
  constructor(
    private readonly queries: QueryBus,
    @Inject(RECORDS) private readonly records: Pick<Records, 'apiKeys'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @SeamRoute('/audit/history', ['GET'], {
    summary: 'Every fact about a code, a lock, an account, an API key or a request, oldest first',
    answer: { audit_entries: { listOf: AUDIT_ENTRY_SCHEMA }, pagination: PAGINATION },
    params: AuditHistoryParams,
    permission: 'audit',
  })
  async history(
    @By() { workspaceId }: Caller,
    @Params(AuditHistoryParams) params: AuditHistoryParams,
    @Header('accept') accept: string | undefined,
  ) {
    const read = (page: PageRequest) =>
      this.queries.execute(new GetHistory(workspaceId, filterOf(params), page));
    const asked = pageAsked(params);
    const names = await this.keyNames(workspaceId);
    const format = formatAsked(accept);
    const first = await read(asked);
    if (format) {
      const entries = allAfter(first, (cursor) => read({ ...asked, cursor }));
      return streamed(
        format,
        presented(entries, (entry) => presentEntry(entry, names)),
        ENTRY_COLUMNS,
      );
    }
    const { items, pagination } = first;
    return { audit_entries: items.map((entry) => presentEntry(entry, names)), pagination };
  }

  @SeamRoute('/audit/door_at', ['GET'], {
    summary: 'The codes that opened a lock at an instant, and how sure that is',
    answer: { audit_door: DOOR_SCHEMA },
    params: DoorAtParams,
    permission: 'audit',
  })
  async doorAt(@By() { workspaceId }: Caller, @Params(DoorAtParams) params: DoorAtParams) {
    const { device_id: deviceId, at } = params;
    if (at > this.clock.now() + MINUTE)
      throw ApiError.invalidInput('The instant is in the future.', { at: 'is in the future' });
    const door = await this.queries.execute(new GetDoorAt(workspaceId, deviceId, at));
    return { audit_door: presentDoor(deviceId, at, door, await this.keyNames(workspaceId)) };
  }

  @SeamRoute('/audit/door_between', ['GET'], {
    summary: 'Each change of the codes that open a lock, and each use of its door, in order',
    answer: { audit_door_changes: { listOf: DOOR_CHANGE_SCHEMA }, pagination: PAGINATION },
    params: DoorBetweenParams,
    permission: 'audit',
  })
  async doorBetween(
    @By() { workspaceId }: Caller,
    @Params(DoorBetweenParams) params: DoorBetweenParams,
    @Header('accept') accept: string | undefined,
  ) {
    const { device_id: deviceId, from, to } = params;
    if (to < from) throw ApiError.invalidInput('The span ends before it begins.', { to: 'is before from' });
    const names = await this.keyNames(workspaceId);
    const format = formatAsked(accept);
    if (format) {
      const all = await this.queries.execute(new FollowDoorBetween(workspaceId, deviceId, from, to));
      return streamed(
        format,
        presented(all, (each) => presentAtDoor(each, names)),
        AT_DOOR_COLUMNS,
      );
    }
    const query = new GetDoorBetween(workspaceId, deviceId, from, to, pageAsked(params));
    const { items, pagination } = await this.queries.execute(query);
    return { audit_door_changes: items.map((each) => presentAtDoor(each, names)), pagination };
  }

  private keyNames(workspaceId: string): Promise<KeyNames> {
    return keyNames(this.records.apiKeys, workspaceId);
  }
}

/** The items of a page and of all that follow it. */
async function* allAfter<T>(
  page: Page<T>,
  next: (cursor: string) => Promise<Page<T>>,
): AsyncIterable<readonly T[]> {
  for (;;) {
    yield page.items;
    const cursor = page.pagination.next_page_cursor;
    if (cursor === null) return;
    page = await next(cursor);
  }
}

async function* presented<T, R>(
  items: AsyncIterable<readonly T[]>,
  present: (item: T) => R,
): AsyncIterable<readonly R[]> {
  for await (const some of items) yield some.map(present);
}

/** @throws {ApiError} for a type that no fact has: nothing would be found, and look like the answer */
function filterOf(params: AuditHistoryParams): HistoryFilter {
  const unknown = params.event_types?.find((type) => !FACT_TYPES.has(type));
  if (unknown !== undefined) {
    throw ApiError.invalidInput(`No fact has the type ${unknown}.`, {
      event_types: 'must be types that facts have, as CodeRequested',
    });
  }
  return {
    accessCodeId: params.access_code_id,
    deviceId: params.device_id,
    connectedAccountId: params.connected_account_id,
    apiKeyId: params.api_key_id,
    requestId: params.request_id,
    eventTypes: params.event_types,
    since: params.since,
    until: params.until,
  };
}
