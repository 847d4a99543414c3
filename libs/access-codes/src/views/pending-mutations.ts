import { iso } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { sameWindow, type Window } from '../domain/content';
import { contentFor } from '../domain/decisions';
import { erasedByAgreement, type Standing } from './code-status';
import { isGone } from '../domain/life';

interface TimeFrame {
  starts_at: string | null;
  ends_at: string | null;
}

/** A change that was asked for and that the lock has not confirmed. */
export type PendingMutation = { created_at: string; message: string } & (
  | { mutation_code: 'creating' }
  | { mutation_code: 'deferring_creation'; scheduled_at: string }
  | { mutation_code: 'deleting' }
  | { mutation_code: 'updating_code'; from: { code: string | null }; to: { code: string | null } }
  | { mutation_code: 'updating_name'; from: { name: string | null }; to: { name: string | null } }
  | { mutation_code: 'updating_time_frame'; from: TimeFrame; to: TimeFrame }
);

/** PINs in plain text: the wanted one, and the one on the lock; null where it is not known, or was erased. */
export interface Pins {
  readonly wanted: string | null;
  readonly onLock: string | null;
}

export function pendingMutations(
  code: AccessCode,
  standing: Standing,
  pins: Pins,
  now: number,
): PendingMutation[] {
  if (isGone(code)) return [];
  if (standing.ending) {
    const since = code.life.phase === 'ending' ? code.life.since : code.wanted.schedule!.endsAt;
    return [
      {
        mutation_code: 'deleting',
        message: 'The code is being removed from the device.',
        created_at: iso(since),
      },
    ];
  }
  if (!code.known.onLock) return erasedByAgreement(code) ? [] : [creation(code, standing, now)];
  return updates(code, standing, pins);
}

function creation(code: AccessCode, { from }: Standing, now: number): PendingMutation {
  if (from > now) {
    return {
      mutation_code: 'deferring_creation',
      message: 'The code will be programmed onto the device closer to its start.',
      created_at: iso(code.wanted.at),
      scheduled_at: iso(from),
    };
  }
  return {
    mutation_code: 'creating',
    message: 'The code is being programmed onto the device.',
    created_at: iso(code.requestedAt),
  };
}

function updates(code: AccessCode, { native, wanted }: Standing, pins: Pins): PendingMutation[] {
  const onLock = code.known.onLock!;
  const target = wanted ?? contentFor(code, native);
  const created_at = iso(Math.max(code.wanted.at, code.trouble.externalConflict?.at ?? 0));
  const mutations: PendingMutation[] = [];
  if (onLock.name !== target.name) {
    mutations.push({
      mutation_code: 'updating_name',
      message: 'The name is being changed on the device.',
      created_at,
      from: { name: onLock.name },
      to: { name: target.name },
    });
  }
  if (onLock.pinFingerprint !== target.pinFingerprint) {
    mutations.push({
      mutation_code: 'updating_code',
      message: 'The PIN is being changed on the device.',
      created_at,
      from: { code: pins.onLock },
      to: { code: pins.wanted },
    });
  }
  // A lock that can't keep the window is not sent it: the code is taken off instead.
  if (wanted === null || !sameWindow(onLock.window, target.window)) {
    mutations.push({
      mutation_code: 'updating_time_frame',
      message: 'The time frame is being changed on the device.',
      created_at,
      from: timeFrame(onLock.window),
      to: timeFrame(code.wanted.schedule),
    });
  }
  return mutations;
}

export function timeFrame(window: Window | null): TimeFrame {
  return {
    starts_at: window && iso(window.startsAt),
    ends_at: window && iso(window.endsAt),
  };
}
