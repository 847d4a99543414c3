import type { ActionAttempt } from './action-attempt';

/** An action attempt in the API's shape. */
export interface SeamActionAttempt {
  action_attempt_id: string;
  action_type: 'LOCK_DOOR' | 'UNLOCK_DOOR';
  status: 'pending' | 'success' | 'error';
  result: object | null;
  error: { type: string; message: string } | null;
}

/** Shows an attempt as the API does. One without an outcome by its deadline (ms after it began) has failed. */
export function presentAction(
  attempt: ActionAttempt,
  { now, deadline }: { now: number; deadline: number },
): SeamActionAttempt {
  const { actionAttemptId, action, outcome, requestedAt } = attempt;
  const shown = {
    action_attempt_id: actionAttemptId,
    action_type: action === 'lock' ? ('LOCK_DOOR' as const) : ('UNLOCK_DOOR' as const),
    result: null,
    error: null,
  };
  if (outcome === 'success')
    return { ...shown, status: 'success', result: { was_confirmed_by_device: true } };
  if (outcome !== 'pending') {
    return {
      ...shown,
      status: 'error',
      error: { type: outcome.errorCode.toLowerCase(), message: outcome.message },
    };
  }
  if (now < requestedAt + deadline) return { ...shown, status: 'pending' };
  return {
    ...shown,
    status: 'error',
    error: { type: 'timed_out', message: 'The lock did not answer in time.' },
  };
}
