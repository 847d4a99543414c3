export { ACTION_ATTEMPT } from './action-attempt';
export { ConcludeAction, GetActionAttempt, OperateLock } from './commands';
export { actionHandlers } from './handlers';
export { type SeamActionAttempt } from './present-action';
