import type { Account, Device } from '@latchkey/devices';
import type { AccessCode } from './access-code';
import type { CodeEvent } from './events';
import { letGo } from './unmanaged';
import { endOf, isGone, isUnmanaged, mayTurnUpOf } from './life';

/** Its device was deleted: the code is gone with it, and stays on the lock if it is there. */
export function abandon(code: AccessCode | null): CodeEvent[] {
  if (!code || isGone(code)) return [];
  if (isUnmanaged(code)) return [{ type: 'UnmanagedCodeGone', data: {} }];
  const started: CodeEvent[] =
    endOf(code)?.cause === 'deleted' ? [] : [{ type: 'RemovalStarted', data: { cause: 'deleted' } }];
  const data = { cause: 'deleted', wasOnDevice: code.known.everOnLock, leftOnLock: true } as const;
  return [...started, { type: 'Removed', data }];
}

/**
 * Its device is no longer managed: a code on the lock becomes an unmanaged one, and one that is not there is deleted.
 * A command in flight is waited for.
 */
export function ceaseToManage(code: AccessCode | null): CodeEvent[] {
  if (!code || isGone(code) || isUnmanaged(code) || endOf(code) || code.known.inFlight) return [];
  const {
    known: { onLock },
    wanted: { pinFingerprint },
  } = code;
  const settled = onLock !== null && !mayTurnUpOf(code) && onLock.pinFingerprint === pinFingerprint;
  return settled ? letGo(code) : abandon(code);
}

/** Its device has been deleted here, by itself or with its account, and the codes on it with it. */
export function isOutOfSight(device: Device | null, account: Account | null): boolean {
  return device?.deletedAt != null || account?.removedAt != null;
}

/** What has to happen to a code because its device or account is leaving; nothing while both are managed. */
export function leaving(code: AccessCode, device: Device | null, account: Account | null): CodeEvent[] {
  if (isOutOfSight(device, account)) return abandon(code);
  return device?.managed === false ? ceaseToManage(code) : [];
}
