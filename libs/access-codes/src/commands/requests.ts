import type { Device } from '@latchkey/devices';
import { backupPoolSize, widened } from '@latchkey/gateways';
import { ApiError } from '@latchkey/platform';
import type { AccessCode, Window } from '../domain/access-code';
import { Refused } from '../domain/decisions';
import type { PinTaken } from '../domain/keypad';

/**
 * A period as it was asked for; null for none.
 * @throws {ApiError} 400 for one end without the other, or an end that is not after the start
 */
export function windowFor(startsAt: number | undefined, endsAt: number | undefined): Window | null {
  if (startsAt === undefined && endsAt === undefined) return null;
  if (startsAt === undefined || endsAt === undefined) {
    const missing = startsAt === undefined ? 'starts_at' : 'ends_at';
    throw ApiError.invalidInput('starts_at and ends_at go together.', {
      [missing]: 'is required with the other',
    });
  }
  if (endsAt <= startsAt) {
    throw ApiError.invalidInput('ends_at must be after starts_at.', { ends_at: 'must be after starts_at' });
  }
  return { startsAt, endsAt };
}

export function duplicate(taken: PinTaken): ApiError {
  return ApiError.conflict(
    'duplicate_access_code',
    'Another access code on this device has the same code in an overlapping period.',
    { access_code_id: taken.byCodeId },
  );
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MOST_WIDENING = { '1h': HOUR, '1hour': HOUR, '1d': 24 * HOUR, '1day': 24 * HOUR } as const;

export type TimeRounding = keyof typeof MOST_WIDENING;

/**
 * The window that a lock which keeps windows by itself can be told: widened to its steps, by an hour at each end
 * unless more is allowed.
 * @throws {ApiError} 400 where it would be wider than that
 */
export function roundedFor(
  device: Device,
  window: Window | null,
  { maxTimeRounding = '1h', native }: { maxTimeRounding?: TimeRounding; native: boolean },
): Window | null {
  if (!window || !native || !device.capabilities.nativeScheduling) return window;
  const wide = widened(device, window);
  const by = Math.max(window.startsAt - wide.startsAt, wide.endsAt - window.endsAt);
  const { timeStepMinutes = 0 } = device.capabilities;
  const most = MOST_WIDENING[maxTimeRounding];
  // Where clocks are changed, a step can last longer than it does on other days.
  if (by <= most || timeStepMinutes * MINUTE <= most) return wide;
  const steps = `The device keeps time frames in steps of ${timeStepMinutes} minutes.`;
  throw ApiError.invalidInput(`${steps} Allow more rounding, or choose a time frame that fits.`, {
    max_time_rounding: 'is less than the time frame would have to be widened by',
  });
}

/** @throws {ApiError} 400 where there can be no backup code for a code with that window */
export function checkBackupPool(device: Device, window: Window | null): void {
  const refuse = (message: string): never => {
    throw ApiError.invalidInput(message, { use_backup_access_code_pool: message });
  };
  if (!window) refuse('Only a time-bound access code can use the backup pool.');
  if (backupPoolSize(device.capabilities, 1) === 0) refuse('This device can not hold backup access codes.');
}

/** The code, if it is of this workspace and managed: another's is as good as absent. */
export function ownCode(code: AccessCode | null, workspaceId: string): AccessCode {
  if (!code || code.workspaceId !== workspaceId || code.unmanaged) throw ApiError.notFound('access_code');
  return code;
}

/** The same of a code that is not managed. */
export function unmanagedCode(code: AccessCode | null, workspaceId: string): AccessCode {
  if (code?.workspaceId !== workspaceId || !code.unmanaged) throw ApiError.notFound('access_code');
  return code;
}

/** Passes a domain's refusal on in the API's words. */
export async function inApiTerms<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.type === 'access_code_not_found') throw ApiError.notFound('access_code');
    throw ApiError.badRequest(error.type, error.message);
  }
}
