import { type Action, type ActionAttempt, type ActionEvent, actionTypeOf } from '@latchkey/devices';
import type { Draft } from '../public-event';

/** Actions whose end the API has an event for. */
const NAMES: Readonly<Partial<Record<Action, string>>> = {
  lock: 'lock_door',
  unlock: 'unlock_door',
  simulate_keypad_code_entry: 'simulate_keypad_code_entry',
  simulate_manual_lock_via_keypad: 'simulate_manual_lock_via_keypad',
};

/** What integrations are told when this happens to an action attempt: that it has ended. */
export function actionDrafts(event: ActionEvent, attempt: ActionAttempt): Draft[] {
  const name = NAMES[attempt.action];
  if (event.type === 'ActionRequested' || name === undefined) return [];
  const succeeded = event.type === 'ActionSucceeded';
  return [
    {
      type: `action_attempt.${name}.${succeeded ? 'succeeded' : 'failed'}`,
      body: {
        action_attempt_id: attempt.actionAttemptId,
        action_type: actionTypeOf(attempt.action),
        status: succeeded ? 'success' : 'error',
        ...(attempt.deviceId === null ? {} : { device_id: attempt.deviceId }),
      },
    },
  ];
}
