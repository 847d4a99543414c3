import type { ApiKeys } from '@latchkey/database';
import type { Actor } from '@latchkey/event-sourcing';
import { iso } from '@latchkey/platform';
import type { Opener } from '../domain/door';
import type { AuditEntry } from '../domain/entry';
import type { AtDoor, DoorAt } from '../views/queries';

/** The names of API keys, by id; without revoked ones. */
export type KeyNames = ReadonlyMap<string, string>;

/** The names of a workspace's API keys. */
export async function keyNames(apiKeys: Pick<ApiKeys, 'list'>, workspaceId: string): Promise<KeyNames> {
  const keys = await apiKeys.list(workspaceId);
  return new Map(keys.map(({ apiKeyId, name }) => [apiKeyId, name]));
}

function presentActor(actor: Actor, names: KeyNames) {
  const name = actor.type === 'api_key' && actor.id !== undefined ? names.get(actor.id) : undefined;
  return name === undefined ? actor : { ...actor, name };
}

/** A fact in the API's shape. */
export function presentEntry(entry: AuditEntry, names: KeyNames) {
  const { codeId, deviceId, accountId, actionAttemptId, connectWebviewId } = entry.about;
  return {
    event_id: entry.eventId,
    event_type: entry.type,
    occurred_at: iso(entry.occurredAt),
    recorded_at: iso(entry.recordedAt),
    actor: presentActor(entry.actor, names),
    request_id: entry.requestId,
    caused_by: entry.causationId,
    ...(codeId === null ? {} : { access_code_id: codeId }),
    ...(deviceId === null ? {} : { device_id: deviceId }),
    ...(accountId === null ? {} : { connected_account_id: accountId }),
    ...(actionAttemptId === null ? {} : { action_attempt_id: actionAttemptId }),
    ...(connectWebviewId === null ? {} : { connect_webview_id: connectWebviewId }),
    detail: entry.detail,
  };
}

function presentOpener({ codeId, name, certainty, window, since, asked }: Opener, names: KeyNames) {
  return {
    access_code_id: codeId,
    name,
    certainty,
    time_frame: window && { starts_at: iso(window.startsAt), ends_at: iso(window.endsAt) },
    on_device_since: since === null ? null : iso(since),
    requested_by: presentActor(asked.actor, names),
    request_id: asked.requestId,
    requested_at: iso(asked.event.at),
  };
}

/** A door at an instant, in the API's shape. */
export function presentDoor(deviceId: string, at: number, { lock, openers }: DoorAt, names: KeyNames) {
  return {
    device_id: deviceId,
    at: iso(at),
    is_known: lock !== null,
    name: lock?.name ?? null,
    is_online: lock?.online ?? null,
    is_clock_trusted: lock?.clockTrusted ?? null,
    openers: openers.map((opener) => presentOpener(opener, names)),
  };
}

const USES: Readonly<Record<string, string>> = {
  DoorUnlocked: 'unlocked',
  DoorLocked: 'locked',
  AccessDenied: 'denied',
  LockTampered: 'tampered',
  LockJammed: 'jammed',
};

/** What happened at a door, in the API's shape. */
export function presentAtDoor(each: AtDoor, names: KeyNames) {
  if (each.is === 'use') {
    const { entry } = each;
    return {
      at: iso(entry.occurredAt),
      change_type: USES[entry.type]!,
      access_code_id: entry.about.codeId,
      opener: null,
      event_id: entry.eventId,
      event_type: entry.type,
      ...(typeof entry.detail['method'] === 'string' ? { method: entry.detail['method'] } : {}),
    };
  }
  const { at, codeId, opener, because, before } = each.change;
  return {
    at: iso(at),
    change_type: !opener ? 'no_longer_opens' : before ? 'opens_differently' : 'opens',
    access_code_id: codeId,
    opener: opener && presentOpener(opener, names),
    event_id: because?.eventId ?? null,
    event_type: because?.event.type ?? null,
  };
}
