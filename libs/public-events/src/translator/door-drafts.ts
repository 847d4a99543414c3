import type { AccessCode } from '@latchkey/access-codes';
import { type DoorEvent, type DoorOperated, isOperated } from '@latchkey/devices';
import type { Draft } from '../public-event';
import { isUnmanaged } from '@latchkey/access-codes';

/** A lock that is jammed has no word in the API that was there before. */
const TOLD_AS: Readonly<Record<Exclude<DoorEvent, DoorOperated>['type'], string>> = {
  AccessDenied: 'lock.access_denied',
  LockTampered: 'device.tampered',
  LockJammed: 'lock.jammed',
};

/**
 * What integrations are told when this happens at a door. Whatever was entered on a keypad is told to nobody: a code
 * of ours is named by its id.
 */
export function doorDrafts(event: DoorEvent, code: AccessCode | null): Draft[] {
  const { deviceId, accountId } = event.data;
  const body = { device_id: deviceId, connected_account_id: accountId };
  if (!isOperated(event)) return [{ type: TOLD_AS[event.type], body }];
  const { method, codeId, actionAttemptId, viaBluetooth } = event.data;
  return [
    {
      type: event.type === 'DoorLocked' ? 'lock.locked' : 'lock.unlocked',
      body: {
        ...body,
        method,
        ...(codeId === null
          ? {}
          : { access_code_id: codeId, access_code_is_managed: !(code && isUnmanaged(code)) }),
        ...(actionAttemptId === null ? {} : { action_attempt_id: actionAttemptId }),
        ...(viaBluetooth ? { is_via_bluetooth: true } : {}),
      },
    },
  ];
}
