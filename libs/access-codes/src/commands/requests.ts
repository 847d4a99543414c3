import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import type { Device } from '@latchkey/devices';
import { backupPoolSize, widened } from '@latchkey/gateways';
import { Refusal } from '@latchkey/event-sourcing';
import type { AccessCode } from '../domain/access-code';
import type { Window } from '../domain/content';
import { absent } from '../domain/refused';
import { isOutOfSight } from '../domain/leaving';
import { isGone, isUnmanaged } from '../domain/life';
import type { Streams } from '../streams';

const MOST_WIDENING = { '1h': HOUR, '1hour': HOUR, '1d': DAY, '1day': DAY } as const;

export type TimeRounding = keyof typeof MOST_WIDENING;

/**
 * The window that is sent to a lock which keeps windows by itself: widened to its steps, by an hour at each end at most
 * unless more is allowed.
 * @throws {Refusal} where it would be wider than that
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
  throw Refusal.invalid(`${steps} Allow more rounding, or choose a time frame that fits.`, {
    maxTimeRounding: 'is less than the time frame would have to be widened by',
  });
}

/** @throws {Refusal} where there can be no backup code for a code with that window */
export function checkBackupPool(device: Device, window: Window | null): void {
  const refuse = (message: string): never => {
    throw Refusal.invalid(message, { usesBackupPool: message });
  };
  if (!window) refuse('Only a time-bound access code can use the backup pool.');
  if (backupPoolSize(device.capabilities, 1) === 0) refuse('This device can not hold backup access codes.');
}

type CodeStreams = Pick<Streams, 'codes' | 'devices' | 'accounts'>;

/** The code, if it is managed, on a managed device and of this workspace: any other counts as absent. */
export async function ownCode(
  streams: CodeStreams,
  codeId: string,
  workspaceId: string,
): Promise<AccessCode> {
  const { state: code } = await streams.codes.load(codeId);
  if (!code || code.workspaceId !== workspaceId || isUnmanaged(code)) throw absent();
  const device = await visibleDevice(streams, code);
  if (device?.managed === false && !isGone(code)) throw absent();
  return code;
}

/** The same for an unmanaged code. */
export async function unmanagedCode(
  streams: CodeStreams,
  codeId: string,
  workspaceId: string,
): Promise<AccessCode> {
  const { state: code } = await streams.codes.load(codeId);
  if (code?.workspaceId !== workspaceId || !isUnmanaged(code)) throw absent();
  await visibleDevice(streams, code);
  return code;
}

/**
 * The device of a code. @throws {Refusal} where the device was removed and the code with it, though that may not be
 * recorded for the code yet
 */
async function visibleDevice(streams: CodeStreams, code: AccessCode): Promise<Device | null> {
  const [{ state: device }, { state: account }] = await Promise.all([
    streams.devices.load(code.deviceId),
    streams.accounts.load(code.accountId),
  ]);
  if (!isGone(code) && isOutOfSight(device, account)) throw absent();
  return device;
}
