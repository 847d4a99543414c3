import { type CodeAction, turned } from '../domain/code-attempt';

/** What integrations that follow every request by an action attempt are told of requests about codes. */
export interface CodeAttempt {
  action_attempt_id: string;
  action_type: CodeAction;
  status: 'success';
  result: object;
  error: null;
}

/**
 * The request was taken: what it comes to on the lock, the code itself tells.
 * @param code as it is shown; undefined once it is gone: then its id is all there is of it
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
