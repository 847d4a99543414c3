import { askedWindow, checkNotOver, checkOngoing, checkOrder } from '../domain/asked-window';
import { ApiError } from '@latchkey/platform';
import type { WantedChange, WantedCode } from '../commands/commands';
import type { CodeParams, CreateAccessCodeParams, UpdateAccessCodeParams } from './access-code-params';

/**
 * The code that the parameters of a creation ask for.
 * @param now ms
 * @throws {Refusal} for a window that can't be
 */
export function wantedCode(params: CreateAccessCodeParams, now: number): WantedCode {
  const { device_id: deviceId, common_code_key: commonCodeKey } = params;
  return Object.assign(wantedOnEach(params, now), { deviceId, commonCodeKey });
}

/** The same for a code on one device or several. */
export function wantedOnEach(params: CodeParams, now: number): Omit<WantedCode, 'deviceId'> {
  const { starts_at: startsAt, ends_at: endsAt } = params;
  checkNotOver(askedWindow(startsAt, endsAt), now);
  return Object.assign(common(params), {
    preferredCodeLength: params.preferred_code_length,
    usesBackupPool: params.use_backup_access_code_pool,
    isOfflineAccessCode: params.is_offline_access_code ?? params.use_offline_access_code,
    isOneTimeUse: params.is_one_time_use,
    maxTimeRounding: params.max_time_rounding,
  });
}

/**
 * The change that the parameters of an update ask for. The command checks it against the code's
 * window; here only contradictions are refused.
 */
export function wantedChange(params: UpdateAccessCodeParams): WantedChange {
  const { starts_at: startsAt, ends_at: endsAt, type } = params;
  checkOrder(startsAt, endsAt);
  if (type === 'ongoing') checkOngoing(startsAt, endsAt);
  const { use_backup_access_code_pool: usesBackupPool, max_time_rounding: maxTimeRounding } = params;
  return compact({ ...common(params), deviceId: params.device_id, type, usesBackupPool, maxTimeRounding });
}

/** Whether the code is to become unmanaged. @throws ApiError 400 where it is to be changed as well */
export function isToBeLetGo(params: UpdateAccessCodeParams, wanted: WantedChange): boolean {
  if (params.is_managed !== false) return false;
  const { deviceId: _on, attemptForOfflineDevice: _offline, maxTimeRounding: _by, ...changes } = wanted;
  if (Object.keys(changes).length > 0) {
    throw ApiError.invalidInput('A code that becomes unmanaged can not be changed in the same request.', {
      is_managed: 'must not be false together with changes',
    });
  }
  return true;
}

function common(params: CodeParams) {
  return {
    name: params.name,
    code: params.code,
    startsAt: params.starts_at,
    endsAt: params.ends_at,
    preferNativeScheduling: params.prefer_native_scheduling,
    externalModificationAllowed:
      params.is_external_modification_allowed ?? params.allow_external_modification,
    attemptForOfflineDevice: params.attempt_for_offline_device,
  };
}

/** Without the properties that were left out. */
function compact<T extends object>(values: T): T {
  const given: Partial<T> = {};
  for (const name in values) if (values[name] !== undefined) given[name] = values[name];
  return given as T;
}
