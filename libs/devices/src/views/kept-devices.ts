import { type Database, KeptRows } from '@latchkey/database';
import type { Kysely } from 'kysely';
import type { Account } from '../domain/account';
import type { Device } from '../domain/device';

export interface DeviceWithAccount {
  readonly device: Device;
  readonly account: Account | null;
  /** How its door was left, as far as that was reported; null: not reported. */
  readonly locked: boolean | null;
}

/** How many devices are kept. */
const KEPT = 2_000;

/** By the adapter, which a database and its transactions share. */
const ofDatabases = new WeakMap<object, KeptRows<DeviceWithAccount>>();

/** Devices that were read: showing codes needs theirs, which hardly ever change. */
export function keptDevices<T>(database: Database<T>): KeptRows<DeviceWithAccount> {
  const { adapter } = database.db.getExecutor();
  const kept = ofDatabases.get(adapter) ?? new KeptRows<DeviceWithAccount>(database, KEPT);
  ofDatabases.set(adapter, kept);
  return kept;
}

/** This process has changed devices or accounts. @param db their database, or a transaction of it */
export function forgetDevices<T>(db: Kysely<T>): void {
  ofDatabases.get(db.getExecutor().adapter)?.forget();
}
