import { type CodeAction, turned } from '../domain/code-attempt';

/** What integrations that follow every request by an action attempt are told of requests about codes. */
export interface CodeAttempt {
  action_attempt_id: string;
  action_type: CodeAction;
  status: 'success';
  result: object;
  error: null;
}

/** The request was taken: what it comes to on the lock, the code itself tells. */
export function codeAttempt(action: CodeAction, accessCodeId: string, result: object = {}): CodeAttempt {
  return {
    action_attempt_id: turned(accessCodeId, action),
    action_type: action,
    status: 'success',
    result,
    error: null,
  };
}
