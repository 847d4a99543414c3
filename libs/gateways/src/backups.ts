import type { LockCapabilities } from './lock-gateway';

/** Of a lock's room, so much at most is taken by codes that wait for others to fail: one place in so many. */
const PLACES_FOR_ONE = 4;

/**
 * How many backup codes a lock is to hold, of as many as are wished for. None where the lock itself draws PINs, or
 * where there is hardly room for codes that are in use.
 */
export function backupPoolSize(capabilities: LockCapabilities, wished: number): number {
  const { maxActiveCodes, codeConstraints } = capabilities;
  const notOurs = ['cannot_specify_pin_code', 'pin_code_matches_existing_set'];
  if (codeConstraints.some(({ constraintType }) => notOurs.includes(constraintType))) return 0;
  return maxActiveCodes === null ? wished : Math.min(wished, Math.floor(maxActiveCodes / PLACES_FOR_ONE));
}
