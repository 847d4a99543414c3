export {
  type BegunDeletes,
  MayBeRepeated,
  type Repeatable,
  RepeatableDeletes,
} from './deletes/repeatable-deletes';
export { DeviceLimits } from './limits/device-limits';
export { type Counters, ownCounters, RateLimit } from './limits/rate-limit';
export { sharedCounters } from './limits/shared-counters';
export * from './params/decorators';
export {
  type Kind,
  nestedIn,
  type Param,
  type ParamOptions,
  type ParamsClass,
  paramsOf,
  paramsSchema,
} from './params/param';
export { type Query } from './params/query';
export { readParams } from './params/read-params';
export { isPlainText } from './params/text';
export { type Caller } from '@latchkey/event-sourcing';
export {
  Abandoned,
  answersItself,
  argumentsOf,
  AskedBy,
  By,
  type EdgeRequest,
  type Exchange,
  Header,
  Params,
  Reply,
  StillAllowed,
} from './route/parameters';
export {
  ActsOnGet,
  actsOnGet,
  allowedBy,
  type AnswerPart,
  changesNothing,
  endpointOf,
  isOpen,
  Open,
  type SeamEndpoint,
  SeamRoute,
  type Verb,
} from './route/seam-route';
export { pageAsked, paged, type PagedParams } from './params/paged';
export * as schema from './openapi/schemas';
export { type NamedSchema, PAGINATION } from './openapi/schemas';
export * from './openapi/document';
