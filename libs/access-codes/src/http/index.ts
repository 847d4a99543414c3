import { ActionAttemptsController } from './action-attempts.controller';
import { GetCodeAttemptHandler } from './code-attempts';
import { AccessCodesController } from './access-codes.controller';
import { DeviceConstraintsController } from './device-constraints.controller';
import { BackupCodesController } from './backup-codes.controller';
import { LinkedCodesController } from './linked-codes.controller';
import { CreateAccessCodesHandler } from './linked/create-access-codes';
import { GenerateCodeHandler } from './linked/generate-code';
import { UpdateAccessCodesHandler } from './linked/update-access-codes';
import { GetTimelineHandler } from './timeline/get-timeline';
import { ReportsController } from './reports.controller';
import { UnmanagedCodesController } from './unmanaged-codes.controller';

export { ActionAttemptsController } from './action-attempts.controller';
export { AccessCodesController } from './access-codes.controller';
export { LinkedCodesController } from './linked-codes.controller';
export { CreateAccessCodes, GenerateCode, UpdateAccessCodes } from './linked/commands';
export { BackupCodesController } from './backup-codes.controller';
export { UnmanagedCodesController } from './unmanaged-codes.controller';
export { GetTimeline } from './timeline/get-timeline';
export { type TimelineEvent, type TimelineEventType } from './timeline/timeline';

/** Everything under /access_codes and /action_attempts, and what locks report. */
export const accessCodeControllers = [
  AccessCodesController,
  LinkedCodesController,
  UnmanagedCodesController,
  BackupCodesController,
  ActionAttemptsController,
  DeviceConstraintsController,
  ReportsController,
];

/** Who handles what these controllers ask beyond commands/ and views/. */
export const accessCodeHttpHandlers = [
  CreateAccessCodesHandler,
  UpdateAccessCodesHandler,
  GenerateCodeHandler,
  GetTimelineHandler,
  GetCodeAttemptHandler,
];
