import { keptPerDatabase } from '@latchkey/database';
import type { LockRow } from './agenda-tables';

/** The locks of one account, by the ids that their maker has for them. */
export type LocksOfAccount = ReadonlyMap<string, LockRow>;

/** So many locks are kept. */
const KEPT = 20_000;

/**
 * Locks of accounts, by account: all of them are asked for each time that an account is read, and one with each report. They
 * are dropped when a lock is added. What was read back of one is written into what is kept as well.
 */
export const keptLocks = keptPerDatabase<LocksOfAccount>(KEPT, ({ size }) => size + 1);
