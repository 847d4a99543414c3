export {
  type Action,
  ACTION_ATTEMPT,
  type ActionAttempt,
  actionCodec,
  type ActionEvent,
  actionFold,
  concludeAction,
  requestAction,
} from './action-attempt';
export { ConcludeAction, GetActionAttempt, OperateLock } from './commands';
export { actionHandlers } from './handlers';
export { actionTypeOf, type SeamActionAttempt } from './present-action';
