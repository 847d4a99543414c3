import { type AccessCode, CODES, type CodesTables } from '@latchkey/access-codes';
import { type Account, ACCOUNTS, DEVICES, type Device, type DevicesTables } from '@latchkey/devices';
import type { Database } from '@latchkey/database';

/** A lock as the server knows it. */
export interface KnownLock {
  readonly device: Device;
  /** How many codes on it are ours, and how many are somebody else's. */
  readonly codes: { readonly ours: number; readonly foreign: number };
}

export interface KnownAccount {
  readonly account: Account;
  readonly locks: readonly KnownLock[];
}

type Views = Database<CodesTables & DevicesTables>;

/** The accounts that are connected to a lock system, with their locks. */
export async function accountsAt({ db }: Views, system: string): Promise<KnownAccount[]> {
  const accounts = await db
    .selectFrom(ACCOUNTS)
    .select(['account_id', 'state'])
    .where('maker', '=', system)
    .where('removed', '=', 0)
    .orderBy('listed_at')
    .execute();
  const known: KnownAccount[] = [];
  for (const { account_id, state } of accounts) {
    const devices = await db
      .selectFrom(DEVICES)
      .select('state')
      .where('account_id', '=', account_id)
      .where('deleted', '=', 0)
      .orderBy('listed_at')
      .execute();
    const locks: KnownLock[] = [];
    for (const row of devices) {
      const device = JSON.parse(row.state) as Device;
      if (device.removedAt === null) locks.push({ device, codes: await codesOn({ db }, device.deviceId) });
    }
    known.push({ account: JSON.parse(state) as Account, locks });
  }
  return known;
}

async function codesOn({ db }: Pick<Views, 'db'>, deviceId: string): Promise<KnownLock['codes']> {
  const rows = await db
    .selectFrom(CODES)
    .select(['unmanaged_at', 'state'])
    .where('device_id', '=', deviceId)
    .where((eb) => eb.or(LISTED.map((listing) => eb(listing, 'is not', null))))
    .execute();
  const onLock = rows.filter(({ state }) => (JSON.parse(state) as AccessCode).known.onLock !== null);
  const foreign = onLock.filter(({ unmanaged_at }) => unmanaged_at !== null).length;
  return { ours: onLock.length - foreign, foreign };
}

const LISTED = ['live_at', 'pool_at', 'unmanaged_at'] as const;
