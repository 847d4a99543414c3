import { z } from 'zod';
import type { LockReport } from '../lock-gateway';
import { CC } from './nodes';
import type { ZwaveEvent } from './zwave-socket';

const notification = z.object({
  ccId: z.literal(CC.notification),
  args: z.object({
    type: z.number(),
    event: z.number(),
    parameters: z.object({ userId: z.number().optional() }).nullish(),
  }),
});

/** Notification types, and the events of each that concern a lock. */
const ACCESS_CONTROL = 6;
const HOME_SECURITY = 7;
const POWER = 8;

const TURNS: Readonly<Record<number, { action: 'lock' | 'unlock'; performedVia: string | null }>> = {
  1: { action: 'lock', performedVia: 'manual_turn' },
  2: { action: 'unlock', performedVia: 'manual_turn' },
  3: { action: 'lock', performedVia: 'remote_api' },
  4: { action: 'unlock', performedVia: 'remote_api' },
  5: { action: 'lock', performedVia: 'pin_code' },
  9: { action: 'lock', performedVia: null },
};
const KEYPAD_UNLOCK = 6;
const JAMMED = 11;
const ALL_CODES_DELETED = 12;
const CODE_DELETED = 13;
const CODE_ADDED = 14;
const KEYPAD_DISABLED = 16;

/** What follows from a node's notification: reports of the door, and the places whose codes may have changed. */
export interface Notified {
  readonly reports: readonly LockReport[];
  /** Slots in doubt; `all`. */
  readonly doubt: readonly number[] | 'all';
  /** The door turned by the radio: perhaps at our own word. */
  readonly remotely?: 'lock' | 'unlock';
}

const state = z.object({
  commandClass: z.literal(CC.notification),
  propertyKey: z.string(),
  newValue: z.number(),
});

/** Notifications that stand for a state are told by the driver as values, by these names. */
const STATES: Readonly<Record<string, number>> = {
  'Lock state': ACCESS_CONTROL,
  'Cover status': HOME_SECURITY,
  'Battery maintenance status': POWER,
};

/** The same of a value that has changed, where it stands for a notification. */
export function toldByValue(event: ZwaveEvent, lockId: string, at: string, id: string): Notified {
  const read = state.safeParse(event.args).data;
  const type = read && STATES[read.propertyKey];
  if (!read || type === undefined) return NOTHING;
  return toldBy({ ccId: CC.notification, args: { type, event: read.newValue } }, lockId, at, id);
}

const NOTHING: Notified = { reports: [], doubt: [] };

/**
 * @param at when it came, as an instant: nodes tell none
 * @param id of this report alone
 */
export function toldBy(event: ZwaveEvent, lockId: string, at: string, id: string): Notified {
  const read = notification.safeParse(event);
  if (!read.success) return NOTHING;
  const { type, event: number, parameters } = read.data.args;
  const userId = parameters?.userId;
  if (type === ACCESS_CONTROL) return atTheDoor(number, userId, { lockId, at, id });
  if (type === HOME_SECURITY) return tampered(number, { lockId, at, id });
  // "Replace battery soon" and "now".
  if (type === POWER && (number === 10 || number === 11))
    return { reports: [{ kind: 'low-battery', lockId }], doubt: [] };
  return NOTHING;
}

interface When {
  readonly lockId: string;
  readonly at: string;
  readonly id: string;
}

function atTheDoor(event: number, userId: number | undefined, { lockId, at, id }: When): Notified {
  const turn = TURNS[event];
  if (turn) {
    const report = {
      kind: 'action-completed',
      lockId,
      actionId: null,
      success: true,
      errorCode: null,
    } as const;
    return {
      reports: [{ ...report, ...turn, id }],
      doubt: [],
      ...(event === 3 || event === 4 ? { remotely: turn.action } : {}),
    };
  }
  switch (event) {
    case KEYPAD_UNLOCK: {
      const lockCodeId = userId === undefined ? null : String(userId);
      return { reports: [{ kind: 'code-used', lockId, lockCodeId, at, id }], doubt: [] };
    }
    case JAMMED:
      return { reports: [{ kind: 'jammed', lockId, at, id }], doubt: [] };
    case ALL_CODES_DELETED:
      return { reports: [], doubt: 'all' };
    case CODE_DELETED:
    case CODE_ADDED:
      return { reports: [], doubt: userId === undefined ? 'all' : [userId] };
    case KEYPAD_DISABLED:
      return { reports: [{ kind: 'incorrect-attempt', lockId, at, id }], doubt: [] };
    default:
      return NOTHING;
  }
}

const COVER_REMOVED = 3;
const INVALID_CODE = 4;
const MOVED = 9;

/** Invalid codes typed, covers taken off, the lock itself moved. */
function tampered(event: number, { lockId, at, id }: When): Notified {
  switch (event) {
    case INVALID_CODE:
      return { reports: [{ kind: 'incorrect-attempt', lockId, at, id }], doubt: [] };
    case COVER_REMOVED:
    case MOVED:
      // A lock that was opened may have been changed in any way.
      return { reports: [{ kind: 'tampered', lockId, at, id }], doubt: 'all' };
    default:
      return NOTHING;
  }
}
