import { ListActionAttemptsHandler } from './attempt-queries';
import { GetCodeAttemptHandler } from './code-attempt-query';
import { CodePresenter } from './code-presenter';
import { GetAccessCodeHandler, ListAccessCodesHandler } from './code-queries';
import { GenerateCodeHandler } from './generate-code';
import { ShowNewCodeHandler } from './show-new-code';
import { GetUnmanagedAccessCodeHandler, ListUnmanagedAccessCodesHandler } from './unmanaged-queries';

export { AttemptsProjection } from './attempts-projection';
export { codeErrors, codeWarnings, type SeamCodeError, type SeamCodeWarning } from './code-issues';
export { CodePresenter } from './code-presenter';
export { type CodeStatus, type Standing, standingOf, type Surroundings } from './code-status';
export { CODES, CODES_VERSION, codeStates, CodesProjection, type CodesTables } from './codes-projection';
export { pendingMutations, type PendingMutation, type Pins, timeFrame } from './pending-mutations';
export { presentCode, type SeamAccessCode } from './present-code';
export { presentUnmanaged, type SeamUnmanagedAccessCode, unmanagedIssues } from './present-unmanaged';
export { codesWithoutKeys } from './missing-keys';
export { linkedCodes } from './linked-codes';
export * from './queries';

export { GetAccessCodeHandler, ListAccessCodesHandler, ListUnmanagedAccessCodesHandler };

/** Providers that answer the queries on access codes. */
export const codeQueryHandlers = [
  CodePresenter,
  GetAccessCodeHandler,
  ListAccessCodesHandler,
  GetUnmanagedAccessCodeHandler,
  ListUnmanagedAccessCodesHandler,
  ListActionAttemptsHandler,
];

/** Handlers that read no view of codes, but their streams or what was decided. */
export const streamQueryHandlers = [GetCodeAttemptHandler, GenerateCodeHandler, ShowNewCodeHandler];
