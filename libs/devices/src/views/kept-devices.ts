import { keptPerDatabase } from '@latchkey/database';
import type { Account } from '../domain/account';
import type { Device } from '../domain/device';

export interface DeviceWithAccount {
  readonly device: Device;
  readonly account: Account | null;
  /** How its door was left, as far as that was reported; null: not reported. */
  readonly locked: boolean | null;
}

/** Devices that were read, by id: showing codes needs theirs, which hardly ever change. */
export const keptDevices = keptPerDatabase<DeviceWithAccount>(2_000);
