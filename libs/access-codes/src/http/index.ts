import { ActionAttemptsController } from './action-attempts.controller';
import { AccessCodesController } from './access-codes.controller';
import { DeviceConstraintsController } from './device-constraints.controller';
import { BackupCodesController } from './backup-codes.controller';
import { LinkedCodesController } from './linked-codes.controller';
import { ReportsController } from './reports.controller';
import { UnmanagedCodesController } from './unmanaged-codes.controller';

export { ActionAttemptsController } from './action-attempts.controller';
export { AccessCodesController } from './access-codes.controller';
export { LinkedCodesController } from './linked-codes.controller';
export { BackupCodesController } from './backup-codes.controller';
export { UnmanagedCodesController } from './unmanaged-codes.controller';

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
