import { By, type Caller, pageAsked, PAGINATION, Params, SeamRoute } from '@latchkey/http';
import { ApiError } from '@latchkey/platform';
import { Controller } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { GetDoorAt, GetDoorBetween, GetHistory, type HistoryFilter } from '../views/queries';
import { AuditHistoryParams, DoorAtParams, DoorBetweenParams } from './audit-params';
import { AUDIT_ENTRY_SCHEMA, DOOR_CHANGE_SCHEMA, DOOR_SCHEMA } from './audit.schema';
import { presentAtDoor, presentDoor, presentEntry } from './present';

/** /audit: what happened, who caused it, and what opened a door when. For API keys with the permission `audit`. */
@Controller()
export class AuditController {
  constructor(private readonly queries: QueryBus) {}

  @SeamRoute('/audit/history', ['GET'], {
    summary: 'Every fact about a code, a lock, an account, an API key or a request, oldest first',
    answer: { audit_entries: { listOf: AUDIT_ENTRY_SCHEMA }, pagination: PAGINATION },
    params: AuditHistoryParams,
    permission: 'audit',
  })
  async history(@By() { workspaceId }: Caller, @Params(AuditHistoryParams) params: AuditHistoryParams) {
    const query = new GetHistory(workspaceId, filterOf(params), pageAsked(params));
    const { items, pagination } = await this.queries.execute(query);
    return { audit_entries: items.map(presentEntry), pagination };
  }

  @SeamRoute('/audit/door_at', ['GET'], {
    summary: 'The codes that opened a lock at an instant, and how sure that is',
    answer: { audit_door: DOOR_SCHEMA },
    params: DoorAtParams,
    permission: 'audit',
  })
  async doorAt(@By() { workspaceId }: Caller, @Params(DoorAtParams) params: DoorAtParams) {
    const { device_id: deviceId, at } = params;
    const door = await this.queries.execute(new GetDoorAt(workspaceId, deviceId, at));
    return { audit_door: presentDoor(deviceId, at, door) };
  }

  @SeamRoute('/audit/door_between', ['GET'], {
    summary: 'Each change of the codes that open a lock, and each use of its door, in order',
    answer: { audit_door_changes: { listOf: DOOR_CHANGE_SCHEMA }, pagination: PAGINATION },
    params: DoorBetweenParams,
    permission: 'audit',
  })
  async doorBetween(@By() { workspaceId }: Caller, @Params(DoorBetweenParams) params: DoorBetweenParams) {
    const { device_id: deviceId, from, to } = params;
    if (to < from) throw ApiError.invalidInput('The span ends before it begins.', { to: 'is before from' });
    const query = new GetDoorBetween(workspaceId, deviceId, from, to, pageAsked(params));
    const { items, pagination } = await this.queries.execute(query);
    return { audit_door_changes: items.map(presentAtDoor), pagination };
  }
}

function filterOf(params: AuditHistoryParams): HistoryFilter {
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
