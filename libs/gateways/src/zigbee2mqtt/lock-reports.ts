import type { LockReport } from '../lock-gateway';
import type { LockMessage } from './bridge-messages';
import { lockCodeIdOf } from './lock-code-id';

/** Users that stand for nobody. */
const NOBODY = new Set([0xff, 0xfffe, 0xffff]);

const WAYS: Readonly<Record<string, string>> = {
  keypad: 'pin_code',
  rf: 'remote_api',
  manual: 'manual_turn',
  rfid: 'fob_card',
};

/** What somebody did at a lock's keypad to its codes, standing before it: these are worth reading the lock for. */
const PROGRAMMED = new Set(['pin_code_added', 'pin_code_deleted', 'pin_code_changed', 'master_code_changed']);

/** Whether the message says that codes were changed at the lock, and not by Zigbee2MQTT. */
export function changedByHand({ action, actionSource }: LockMessage): boolean {
  return action !== undefined && PROGRAMMED.has(action) && actionSource !== 'rf';
}

/** What a message says that happened at the lock's door; null if nothing. */
export function reportOf(lockId: string, message: LockMessage): LockReport | null {
  const { action, actionUser, actionSource, lastSeen: at = null } = message;
  if (action === undefined) return null;
  if (/_failure_invalid_(pin_or_id|schedule)$/.test(action)) return { kind: 'incorrect-attempt', lockId, at };
  const [verb, own] = verbOf(action);
  if (verb === null) return null;
  const source = own ?? actionSource;
  if (verb === 'unlock' && source === 'keypad') {
    const known = actionUser !== undefined && !NOBODY.has(actionUser);
    return { kind: 'code-used', lockId, lockCodeId: known ? lockCodeIdOf(actionUser) : null, at };
  }
  return {
    kind: 'action-completed',
    lockId,
    // Nobody else's name for it; without one it would be told twice if it came twice.
    actionId: at === null ? null : `${lockId}/${at}`,
    success: true,
    errorCode: null,
    performedVia: WAYS[source ?? ''] ?? null,
    action: verb,
  };
}

/** What was done, and by what where the name of the event says it better than its source. */
function verbOf(action: string): ['lock' | 'unlock' | null, string?] {
  switch (action) {
    case 'lock':
    case 'unlock':
      return [action];
    case 'one_touch_lock':
    case 'key_lock':
    case 'manual_lock':
      return ['lock', 'manual'];
    case 'key_unlock':
    case 'manual_unlock':
      return ['unlock', 'manual'];
    case 'auto_lock':
    case 'schedule_lock':
      return ['lock', 'by itself'];
    case 'schedule_unlock':
      return ['unlock', 'by itself'];
    case 'keypad_lock':
      return ['lock', 'keypad'];
    case 'keypad_unlock':
      return ['unlock', 'keypad'];
    default:
      return [null];
  }
}
