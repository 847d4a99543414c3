import { EventCodec } from '@latchkey/event-sourcing';
import { z } from 'zod';

/**
 * Streams `door-<deviceId>`: what happened at a lock's door, as the lock reported it. Separate from the device's stream:
 * nothing is decided on it, and a busy door must not make its device slow.
 */
export const DOOR = 'door';

/** How a door was locked or unlocked, in the API's words. */
const method = z.enum(['keycode', 'manual', 'automatic', 'unknown', 'remote', 'card']);

const happened = {
  deviceId: z.string(),
  accountId: z.string(),
  workspaceId: z.string(),
  /** Distinguishes a repeated report from a repeated event. */
  reportKey: z.string(),
};

const operated = z.object({
  ...happened,
  method,
  /** The code, if it was one of ours. */
  codeId: z.string().nullable(),
  /** The action attempt, if we were asked to do it. */
  actionAttemptId: z.string().nullable(),
  viaBluetooth: z.boolean(),
});

const shapes = {
  DoorLocked: { schema: operated },
  DoorUnlocked: { schema: operated },
  /** Somebody entered a code that does not open it. The code is not recorded. */
  AccessDenied: { schema: z.object(happened) },
  /** Somebody was at the lock itself: its cover is off, it was moved, or the door was forced open. */
  LockTampered: { schema: z.object(happened) },
  /** The bolt is stuck. */
  LockJammed: { schema: z.object(happened) },
};

export type DoorMethod = z.infer<typeof method>;

export type DoorEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

/** A door that was locked or unlocked: what else is told of it leaves it as it was. */
export type DoorOperated = Extract<DoorEvent, { type: 'DoorLocked' | 'DoorUnlocked' }>;

export const isOperated = (event: DoorEvent): event is DoorOperated =>
  event.type === 'DoorLocked' || event.type === 'DoorUnlocked';

export const doorCodec = new EventCodec<DoorEvent>(shapes);

/** The event for a lock's report, or none if it was reported before. */
export function recordAtDoor(latest: readonly DoorEvent[], reported: DoorEvent): DoorEvent[] {
  const before = latest.some((event) => event.data.reportKey === reported.data.reportKey);
  return before ? [] : [reported];
}
