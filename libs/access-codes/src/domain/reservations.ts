import type { AccessCode } from './access-code';
import { sameWindow } from './content';
import type { Circumstances, PlanSettings } from './circumstances';
import { holder, overlap, type Reservation } from './keypad';
import { endOf, isUnmanaged, mayTurnUpOf } from './life';

/** Whether a reservation on a code's PIN is as the code needs it. */
export function matches(r: Reservation, code: AccessCode): boolean {
  return sameWindow(r.window, code.wanted.schedule) && (r.foreign === true) === isUnmanaged(code);
}

/** Another code with the same PIN that was there first and may still be on the lock. */
export function earlierHolder(code: AccessCode, { keypad }: Circumstances): Reservation | undefined {
  const start = code.wanted.schedule?.startsAt ?? Number.POSITIVE_INFINITY;
  return keypad.reservations.find(
    (r) =>
      r.codeId !== code.codeId &&
      r.pinFingerprint === code.wanted.pinFingerprint &&
      // A foreign code is never overwritten; whether one PIN may be there at different times is left to the lock.
      (r.foreign
        ? overlap(r.window, code.wanted.schedule)
        : (r.window?.startsAt ?? Number.NEGATIVE_INFINITY) <= start),
  );
}

/**
 * A lock may refuse a PIN that it holds already, whatever the window. A code that is on the lock ahead of its own
 * window makes room for one that comes before it, and comes back after that one; also where it has yet to change to
 * the PIN of that one, since the PIN that it still has on the lock may be in the way of a third.
 */
export function standsAside(code: AccessCode, earlier: Reservation, now: number): boolean {
  if (!code.wanted.schedule || now >= code.wanted.schedule.startsAt || earlier.foreign) return false;
  return earlier.window !== null && earlier.window.endsAt > now;
}

/**
 * The code has a PIN or window that it did not reserve: somebody else's change was accepted, or a change was reserved
 * and, after a crash, never asked for. A PIN that another code holds is left to that code.
 */
export function lacksReservation(code: AccessCode, { keypad, now, settings }: Circumstances): boolean {
  if (endOf(code)) return false;
  const {
    codeId,
    wanted: { pinFingerprint, schedule },
  } = code;
  const mine = keypad.reservations.filter((r) => r.codeId === codeId);
  const ofPin = mine.find((r) => r.pinFingerprint === pinFingerprint);
  if (ofPin && matches(ofPin, code)) return false;
  // A change may be about to ask for the window.
  if (ofPin && now < ofPin.reservedAt + settings.reservationGrace) return false;
  return isUnmanaged(code) || !holder(keypad, { codeId, pinFingerprint, window: schedule });
}

/** A PIN that the code had reserved and neither wants nor has on the lock any more. */
export function staleReservation(
  code: AccessCode,
  { keypad, now, settings }: Circumstances,
): Reservation | undefined {
  return keypad.reservations.find(
    (r) =>
      r.codeId === code.codeId &&
      r.pinFingerprint !== code.wanted.pinFingerprint &&
      r.pinFingerprint !== code.known.onLock?.pinFingerprint &&
      // For an unmanaged code nobody is about to request anything.
      (isUnmanaged(code) || now >= graceEnds(code, r, settings)),
  );
}

/**
 * Until when a PIN stays reserved: a change may be about to request it, or a creation that was given up may turn up
 * with it.
 */
export function graceEnds(code: AccessCode, r: Reservation, { reservationGrace }: PlanSettings): number {
  const mayTurnUp = mayTurnUpOf(code);
  const since = mayTurnUp?.pinFingerprint === r.pinFingerprint ? mayTurnUp.givenUpAt : r.reservedAt;
  return Math.max(since, r.reservedAt) + reservationGrace;
}
