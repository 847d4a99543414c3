import { ourSlots, type SlotRange } from '../local';
import type { LockDescription } from '../lock-gateway';
import type { FoundLock } from './controller/messages';

/** A Matter user's name has room for so much. */
const LONGEST_NAME = 10;

/** Where a lock's clock is, which its schedules go by: by its own word, or else by the file's. */
export function zoneOf(lock: FoundLock, declared: string | null): string | null {
  return lock.timeZone ?? declared;
}

/**
 * A lock as the port describes it. It keeps windows by itself only where it is known what its clock shows.
 * @param version changes whenever anything on the lock may have
 */
export function described(
  lock: FoundLock,
  system: { readonly slots: SlotRange | null; readonly timeZone: string | null },
  version: string,
): LockDescription {
  const { shortest, longest } = lock.pinLengths;
  const slots = lock.users === 0 ? null : ourSlots({ first: 1, last: lock.users }, system.slots);
  const timeZone = zoneOf(lock, system.timeZone);
  const schedules = lock.schedules && timeZone !== null;
  return {
    ...{ lockId: lock.lockId, name: lock.name, model: lock.model, online: lock.online },
    ...{ batteryLevel: lock.batteryLevel, timeZone, clockDrift: null, updatedAt: version },
    capabilities: {
      nativeScheduling: schedules,
      ...(schedules ? { keepsWallTime: true } : {}),
      supportedCodeLengths: Array.from({ length: longest - shortest + 1 }, (_, n) => shortest + n),
      codeConstraints: [{ constraintType: 'name_length', maxLength: LONGEST_NAME }],
      maxActiveCodes: slots ? slots.last - slots.first + 1 : 0,
      ...(slots ? { slots } : {}),
      canRemotelyLock: true,
      canRemotelyUnlock: true,
    },
  };
}
