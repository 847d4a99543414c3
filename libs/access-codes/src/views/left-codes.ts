import { ACCOUNTS, DEVICES, type DeviceWithAccount } from '@latchkey/devices';
import { type RawBuilder, sql } from 'kysely';
import { CODES, type Listing } from './codes-projection';

/**
 * The condition for a code that left with its device or account and is hidden: the device's row takes effect at once,
 * however many codes have yet to be ended. Managed codes also leave a device that is no longer managed. An expired code
 * that stays readable is not hidden.
 */
export function hasLeft(listing: Listing): RawBuilder<boolean> {
  const unmanaged = listing === 'unmanaged_at' ? sql`` : sql`or left_device.managed = 0`;
  const live = sql`(${sql.ref(`${CODES}.readable_at`)} is null or ${sql.ref(`${CODES}.live_at`)} is not null)`;
  return sql<boolean>`(${live} and exists (
    select 1 from ${sql.table(DEVICES)} as left_device
    left join ${sql.table(ACCOUNTS)} as left_account on left_account.account_id = left_device.account_id
    where left_device.device_id = ${sql.ref(`${CODES}.device_id`)}
      and (left_device.deleted = 1 or left_account.removed = 1 ${unmanaged})))`;
}

/**
 * The same of a code that was read, by its device as that was read: one statement for a page, and not for each row.
 * @param isOver it has expired and stays readable
 */
export function leftWith(its: DeviceWithAccount | undefined, listing: Listing, isOver: boolean): boolean {
  if (!its || isOver) return false;
  const { device, account } = its;
  const isGone = device.deletedAt !== null || (account !== null && account.removedAt !== null);
  return isGone || (listing !== 'unmanaged_at' && !device.managed);
}
