export { AccessCodesModule } from './access-codes.module';
export * from './http';
export * from './commands/commands';
export { CreateAccessCodes, UpdateAccessCodes } from './commands/linked/commands';
export { CreateAccessCodeHandler } from './commands/create-access-code';
export { DeleteAccessCodeHandler } from './commands/delete-access-code';
export { UpdateAccessCodeHandler } from './commands/update-access-code';
export { ConvertToManagedHandler } from './commands/convert-to-managed';
export { PullBackupAccessCode, PullBackupAccessCodeHandler } from './commands/pull-backup-access-code';
export { DeleteUnmanagedAccessCodeHandler } from './commands/delete-unmanaged-access-code';
export { LetGoOfAccessCodeHandler } from './commands/let-go-of-access-code';
export * from './commands/unmanaged-commands';
export * from './domain/access-code';
export * from './domain/content';
export {
  backupOf,
  endOf,
  type ExternalChange,
  isGone,
  isUnmanaged,
  lateChangesOf,
  type Life,
  mayTurnUpOf,
  pulledBackupOf,
  standsInFor,
} from './domain/life';
export { codeFold } from './domain/code-fold';
export { erase, erasureCompleted } from './domain/erasure';
export type { CodeRefusal } from './domain/refused';
export { ACCESS_CODE, codeCodec, type CodeEvent, type CodeEventOf } from './domain/events';
export { COMMON_CODE, commonCodeCodec, type CommonCodeEvent } from './domain/common-code';
export { KEYPAD, keypadCodec, type KeypadEvent, PinTaken, RESERVATION_GRACE } from './domain/keypad';
export { KEYPAD_SNAPSHOT, keypadSnapshotCodec } from './keypad-snapshots';
export { type LeadTimes, type PlanSettings, planSettings } from './domain/circumstances';
export { isNative, neededFrom } from './domain/plan';
export { AgendaProjection, DOMAIN_PREFIXES } from './process-manager/agenda';
export {
  AGENDA,
  type AgendaTables,
  indexAgenda,
  indexLooks,
  LOCK_LEASES,
  LOCKS,
} from './process-manager/agenda-tables';
export { AgendaRows } from './process-manager/agenda-rows';
export { BackupPool } from './process-manager/backup-pool';
export { InFlightCalls } from './process-manager/in-flight-calls';
export { CleanUp } from './process-manager/clean-up';
export { CodeWork } from './process-manager/code-work';
export { DeviceWatch, type DeviceWatchSettings } from './process-manager/device-watch';
export { Executor } from './process-manager/executor';
export { LeavingCodes } from './process-manager/leaving-codes';
export { LockReports, type Reception } from './process-manager/lock-reports';
export { ReportIntake } from './process-manager/report-intake';
export { LockWork } from './process-manager/lock-work';
export { LostCalls } from './process-manager/lost-calls';
export { FoldedLooks } from './process-manager/folded-looks';
export { NextLooks } from './process-manager/next-looks';
export { ReadBacks } from './process-manager/read-backs';
export { Streams } from './streams';
export * from './views';
