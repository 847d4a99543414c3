import type { Projected } from '@latchkey/event-sourcing';
import type { Device } from '../domain/device';
import type { KnownLock, KnownLocks } from '../process-manager/known-locks';
import { ACCOUNTS, DEVICES, type DevicesTables } from '../views';

/** The known locks as the agenda has them, from the views of devices; records what was made due. */
export class LocksOfViews implements KnownLocks {
  readonly due: string[] = [];
  /** What its maker reported of a lock when it was last read back, by device. */
  readonly readBackOf = new Map<string, string | null>();

  constructor(private readonly views: Projected<DevicesTables>) {}

  async locksOf(accountId: string): Promise<ReadonlyMap<string, KnownLock>> {
    await this.views.caughtUp();
    const rows = await this.views.database.db
      .selectFrom(DEVICES)
      .select('state')
      .where('account_id', '=', accountId)
      .execute();
    const locks = rows
      .map(({ state }) => JSON.parse(state) as Device)
      .map(({ deviceId, maker, lockId }) => ({
        device_id: deviceId,
        account_id: accountId,
        maker,
        lock_id: lockId,
        read_back_of: this.readBackOf.get(deviceId) ?? null,
      }));
    return new Map(locks.map((lock) => [lock.lock_id, lock]));
  }

  async accountsAt(maker: string): Promise<string[]> {
    const { db } = this.views.database;
    const rows = await db.selectFrom(ACCOUNTS).select('account_id').where('maker', '=', maker).execute();
    return rows.map((row) => row.account_id);
  }

  makeDue(subject: string): Promise<void> {
    this.due.push(subject);
    return Promise.resolve();
  }

  readBackWas({ device_id }: KnownLock, updatedAt: string | null): Promise<void> {
    this.readBackOf.set(device_id, updatedAt);
    return Promise.resolve();
  }
}
