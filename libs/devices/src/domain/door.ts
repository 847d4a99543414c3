import { EventCodec } from '@latchkey/event-sourcing';
import { z } from 'zod';

/**
 * Streams `door-<deviceId>`: what happened at a lock's door, as the lock told. Apart from the device's own stream:
 * nothing is decided on it, and a busy door must not make its device slow.
 */
export const DOOR = 'door';

/** How a door was locked or unlocked, in the API's words. */
const method = z.enum(['keycode', 'manual', 'automatic', 'unknown', 'remote', 'card']);

const happened = {
  deviceId: z.string(),
  accountId: z.string(),
  workspaceId: z.string(),
  /** Tells what was reported twice from what happened twice. */
  reportKey: z.string(),
};

const operated = z.object({
  ...happened,
  method,
  /** Ours, if it was one of ours. */
  codeId: z.string().nullable(),
  /** Ours, if we were asked to do it. */
  actionAttemptId: z.string().nullable(),
  viaBluetooth: z.boolean(),
});

const shapes = {
  DoorLocked: { schema: operated },
  DoorUnlocked: { schema: operated },
  /** Somebody entered what does not open it. What that was, nobody is told. */
  AccessDenied: { schema: z.object(happened) },
};

export type DoorMethod = z.infer<typeof method>;

export type DoorEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const doorCodec = new EventCodec<DoorEvent>(shapes);

/** What a lock reported, compared with what is written of its door: nothing, if it was reported before. */
export function recordAtDoor(latest: readonly DoorEvent[], reported: DoorEvent): DoorEvent[] {
  const before = latest.some((event) => event.data.reportKey === reported.data.reportKey);
  return before ? [] : [reported];
}
