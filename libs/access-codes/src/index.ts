export * from './http';
export * from './commands/caller';
export * from './commands/commands';
export { CreateAccessCodeHandler } from './commands/create-access-code';
export { DeleteAccessCodeHandler } from './commands/delete-access-code';
export { UpdateAccessCodeHandler } from './commands/update-access-code';
export * from './commands/views';
export * from './domain/access-code';
export { ACCESS_CODE, codeCodec, type CodeEvent } from './domain/events';
export { KEYPAD, keypadCodec, type KeypadEvent } from './domain/keypad';
export { isNative, type LeadTimes, neededFrom, type PlanSettings } from './domain/plan';
export { AccountWatch, deviceIdOf, type WatchSettings } from './process-manager/account-watch';
export {
  AgendaProjection,
  type AgendaTables,
  DOMAIN_PREFIXES,
  RESERVATION_GRACE,
} from './process-manager/agenda';
export { AgendaRows } from './process-manager/agenda-rows';
export { Calls } from './process-manager/calls';
export { Executor } from './process-manager/executor';
export { LockReports } from './process-manager/lock-reports';
export { LockWork } from './process-manager/lock-work';
export { ReadBacks } from './process-manager/read-backs';
export { Streams } from './process-manager/streams';
export * from './views';
