/** A lock, as the device that it is in one workspace. */
export interface KnownLock {
  readonly device_id: string;
  readonly account_id: string;
  readonly maker: string;
  readonly lock_id: string;
  /** What its maker reported of it when its codes were last read back. */
  readonly read_back_of: string | null;
}

/** What is known of locks and accounts without loading their streams; also makes them due. */
export interface KnownLocks {
  /** The locks of an account, by their makers' ids. */
  locksOf(accountId: string): Promise<ReadonlyMap<string, KnownLock>>;
  /** The ids of the accounts at a lock maker. */
  accountsAt(maker: string): Promise<string[]>;
  /** Makes `device:<id>` or `account:<id>` due now, unless it is due by an instant anyway, ms. */
  makeDue(subject: string, unlessBy?: number): Promise<void>;
  /** What the maker reported of the lock when it was last read back. */
  readBackWas(lock: KnownLock, updatedAt: string | null): Promise<void>;
}
