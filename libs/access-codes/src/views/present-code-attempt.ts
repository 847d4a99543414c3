import { type CodeAction, turned } from '../domain/code-attempt';

/** Action attempts about codes, for integrations that follow every request by an action attempt. */
export interface CodeAttempt {
  action_attempt_id: string;
  action_type: CodeAction;
  status: 'success';
  result: object;
  error: null;
}

/**
 * The request was accepted: its result on the lock shows in the code.
 * @param code as it is shown; undefined once it is gone: then only its id is left
 */
export function codeAttempt(action: CodeAction, accessCodeId: string, code?: object): CodeAttempt {
  return {
    action_attempt_id: turned(accessCodeId, action),
    action_type: action,
    status: 'success',
    result: action === 'DELETE_ACCESS_CODE' ? {} : { access_code: code ?? { access_code_id: accessCodeId } },
    error: null,
  };
}
