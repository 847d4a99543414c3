import {
  type AccessCode,
  endOf,
  mayTurnUpOf,
  type OnLock,
  sameWindow,
  timeFrame,
  type Window,
} from '@latchkey/access-codes';
import type { SealedPin } from '@latchkey/platform';
import type { Draft } from '../public-event';
import type { CodeStep } from './code-step';

/** A code as integrations know it: it changes when the lock has confirmed, not when a change is requested. */
export interface Announced {
  readonly name: string | null;
  readonly pin: SealedPin;
  readonly pinFingerprint: string;
  readonly schedule: Window | null;
  /** They know that it is on the lock. */
  readonly onDevice: boolean;
}

/** Nothing but what the code was asked to be. */
export function announcedAtFirst({ wanted: { name, pin, pinFingerprint, schedule } }: AccessCode): Announced {
  return { name, pin, pinFingerprint, schedule, onDevice: false };
}

/**
 * The changes that are true of the lock now and have not been told: confirmed by it, or such that it needs no
 * telling. `native`: whether the lock keeps the code's window by itself.
 */
export function confirmations(
  { after }: CodeStep,
  told: Announced,
  native: boolean,
): { drafts: Draft[]; told: Announced } {
  if (endOf(after)) return { drafts: [], told };
  const drafts: Draft[] = [];
  let now: Announced = told;
  if (after.wanted.name !== told.name && lockHas(after, (lock) => lock.name === after.wanted.name)) {
    drafts.push({
      type: 'access_code.name_changed',
      body: {
        description: 'The name of the code was changed.',
        from: { name: told.name },
        to: { name: after.wanted.name },
      },
    });
    now = { ...now, name: after.wanted.name };
  }
  if (
    after.wanted.pinFingerprint !== told.pinFingerprint &&
    lockHas(after, (lock) => lock.pinFingerprint === after.wanted.pinFingerprint)
  ) {
    drafts.push({
      type: 'access_code.code_changed',
      body: { description: 'The PIN of the code was changed.', from: { code: null }, to: { code: null } },
      pins: [
        { path: 'from.code', pin: told.pin },
        { path: 'to.code', pin: after.wanted.pin },
      ],
    });
    now = { ...now, pin: after.wanted.pin, pinFingerprint: after.wanted.pinFingerprint };
  }
  const windowKept = !native && after.known.onLock?.window == null;
  if (
    !sameWindow(after.wanted.schedule, told.schedule) &&
    (windowKept || lockHas(after, (lock) => sameWindow(lock.window, native ? after.wanted.schedule : null)))
  ) {
    drafts.push({
      type: 'access_code.time_frame_changed',
      body: {
        description: 'The time frame of the code was changed.',
        from: timeFrame(told.schedule),
        to: timeFrame(after.wanted.schedule),
      },
    });
    now = { ...now, schedule: after.wanted.schedule };
  }
  return { drafts, told: now };
}

/** A lock that has nothing of the code, and is not about to, needs no telling. */
function lockHas(code: AccessCode, holds: (lock: OnLock) => boolean): boolean {
  if (code.known.onLock) return holds(code.known.onLock);
  return code.known.inFlight === null && mayTurnUpOf(code) === null;
}
