import type { Action, ActionAttempt } from '../domain/action-attempt';

const TYPES = {
  lock: 'LOCK_DOOR',
  unlock: 'UNLOCK_DOOR',
  simulate_keypad_code_entry: 'SIMULATE_KEYPAD_CODE_ENTRY',
  simulate_manual_lock_via_keypad: 'SIMULATE_MANUAL_LOCK_VIA_KEYPAD',
  reset_sandbox_workspace: 'RESET_SANDBOX_WORKSPACE',
} as const satisfies Record<Action, string>;

export type ActionType = (typeof TYPES)[Action];

/** What the API calls an action. */
export const actionTypeOf = (action: Action): ActionType => TYPES[action];

/** An action attempt in the API's shape. */
export interface SeamActionAttempt {
  action_attempt_id: string;
  action_type: ActionType;
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
    action_type: actionTypeOf(action),
    result: null,
    error: null,
  };
  if (outcome === 'success') {
    const operated = action === 'lock' || action === 'unlock';
    return { ...shown, status: 'success', result: operated ? { was_confirmed_by_device: true } : {} };
  }
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
