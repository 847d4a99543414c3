import { iso } from '@latchkey/platform';
import type { Account } from '../domain/account';
import type { Device } from '../domain/device';

/** An error of a device or account, as the API shows it; codes inherit it. */
export interface SeamError {
  error_code: string;
  message: string;
  created_at: string;
  is_device_error?: boolean;
  is_connected_account_error?: boolean;
  is_bridge_error?: boolean;
}

export interface SeamWarning {
  warning_code: string;
  message: string;
  created_at: string;
}

/** What is wrong with an account that keeps its locks out of reach. */
export function accountErrors(account: Account | null): SeamError[] {
  if (!account || account.connected || account.removedAt !== null) return [];
  return [
    {
      error_code: 'account_disconnected',
      message: 'The account is disconnected: connect it again so that its devices can be reached.',
      created_at: iso(account.disconnectedAt ?? account.createdAt),
      is_connected_account_error: true,
      is_bridge_error: false,
    },
  ];
}

export function accountWarnings(account: Account | null): SeamWarning[] {
  if (!account || account.removedAt !== null || account.unreachableSince === null) return [];
  return [
    {
      warning_code: 'provider_service_unavailable',
      message: "The lock maker's service does not answer. What is due is done once it does.",
      created_at: iso(account.unreachableSince),
    },
  ];
}

/** Warnings of a device that can be reached. */
export function deviceWarnings(device: Device | null): SeamWarning[] {
  if (!device || device.removedAt !== null) return [];
  const { clockDrift, clockTrusted, timeZone, capabilities, addedAt } = device;
  const warnings: SeamWarning[] = [];
  if (!clockTrusted) {
    const by = clockDrift ? `${durationOf(clockDrift.by)} ${clockDrift.by > 0 ? 'fast' : 'slow'}` : 'wrong';
    warnings.push({
      warning_code: 'time_zone_mismatch',
      message: `The clock of the device is ${by}. Until it is corrected, time frames are kept by the server and not by the device.`,
      created_at: iso(clockDrift?.since ?? addedAt),
    });
  }
  if (timeZone === null && capabilities.nativeScheduling && capabilities.timeStepMinutes !== undefined) {
    warnings.push({
      warning_code: 'time_zone_unknown',
      message: 'The time zone of the device is not known. Its time frames are rounded as in UTC.',
      created_at: iso(addedAt),
    });
  }
  return warnings;
}

/** A duration in whole units: 3 d 2 h, 5 min, 40 s. */
function durationOf(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const said = parts.filter(([count]) => count > 0).slice(0, 2);
  return said.map(([count, unit]) => `${count} ${unit}`).join(' ') || '0 s';
}

/** What is wrong with a device, its account's errors included. */
export function deviceErrors(device: Device | null, account: Account | null): SeamError[] {
  const errors: SeamError[] = accountErrors(account).map(({ error_code, message, created_at }) => ({
    error_code,
    message,
    created_at,
    is_device_error: false,
    is_connected_account_error: true,
  }));
  if (!device) return errors;
  if (device.removedAt !== null) {
    errors.push({
      error_code: 'device_removed',
      message: 'The device was removed from its account.',
      created_at: iso(device.removedAt),
      is_device_error: true,
    });
  } else if (!device.online) {
    const error_code = device.offlineBecause ?? 'device_disconnected';
    errors.push({
      error_code,
      message:
        error_code === 'hub_disconnected'
          ? 'The hub that the device talks through is offline.'
          : 'The device is offline.',
      created_at: iso(device.connectionChangedAt),
      is_device_error: true,
    });
  }
  return errors;
}
