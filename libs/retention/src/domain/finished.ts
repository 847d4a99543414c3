import { type AccessCode, type CodeEvent, endOf, isUnmanaged } from '@latchkey/access-codes';
import type { ActionAttempt, ActionEvent } from '@latchkey/devices';

/** Events with which the life of a code or an attempt may have ended. */
export const LAST_EVENTS: ReadonlySet<string> = new Set<(CodeEvent | ActionEvent)['type']>([
  ...(['Removed', 'Forgotten', 'UnmanagedCodeGone', 'ErasureCompleted'] as const),
  ...(['ActionSucceeded', 'ActionFailed'] as const),
]);

/**
 * Whether nothing will come of a code any more, and nobody reads it.
 * @param keepsExpired whether its workspace shows codes that came to their end until they are deleted
 */
export function isFinishedCode(code: AccessCode, keepsExpired: boolean): boolean {
  const end = endOf(code);
  if (end?.phase !== 'removed') return false;
  return end.cause === 'deleted' || end.forgotten || !keepsExpired || isUnmanaged(code);
}

export const isFinishedAttempt = ({ outcome }: ActionAttempt): boolean => outcome !== 'pending';
