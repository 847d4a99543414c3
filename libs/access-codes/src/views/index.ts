import { GetAccessCodeHandler, ListAccessCodesHandler } from './code-queries';

export { codeErrors, codeWarnings, type SeamCodeError, type SeamCodeWarning } from './code-issues';
export { CodePresenter, openPins } from './code-presenter';
export { type CodeStatus, type Standing, standingOf, type Surroundings } from './code-status';
export { CodesProjection, type CodesTables } from './codes-projection';
export { pendingMutations, type PendingMutation, type Pins, timeFrame } from './pending-mutations';
export { presentCode, type SeamAccessCode } from './present-code';
export * from './queries';

/** Providers that answer the queries on access codes. */
export const codeQueryHandlers = [GetAccessCodeHandler, ListAccessCodesHandler];
