import { iso } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { toldOf } from '../domain/content';
import { codeErrors, codeWarnings, type SeamCodeError, type SeamCodeWarning } from './code-issues';
import {
  type CodeStatus,
  erasedByAgreement,
  type Standing,
  standingOf,
  type Surroundings,
} from './code-status';
import { pendingMutations, type PendingMutation, type Pins } from './pending-mutations';
import { backupOf, isGone, pulledBackupOf } from '../domain/life';

/** An access code in the API's shape. */
export interface SeamAccessCode {
  access_code_id: string;
  workspace_id: string;
  device_id: string;
  name: string | null;
  code: string | null;
  common_code_key: string | null;
  type: 'ongoing' | 'time_bound';
  status: CodeStatus;
  display_status: string;
  starts_at?: string;
  ends_at?: string;
  created_at: string;
  errors: SeamCodeError[];
  warnings: SeamCodeWarning[];
  pending_mutations: PendingMutation[];
  is_managed: true;
  is_backup: boolean;
  is_backup_access_code_available: boolean;
  pulled_backup_access_code_id: string | null;
  is_external_modification_allowed: boolean;
  is_one_time_use: boolean;
  is_offline_access_code: boolean;
  is_scheduled_on_device: boolean;
  is_waiting_for_code_assignment: boolean;
  /** Only for a code whose lock reports that it has it, but not its digits. */
  is_masked_on_device?: true;
}

/** Shows a code as the API does. Pure: everything that it depends on is passed in. */
export function presentCode(
  code: AccessCode,
  around: Surroundings & { readonly pins: Pins },
): SeamAccessCode {
  const { now, pins } = around;
  const { schedule } = code.wanted;
  const standing = standingOf(code, around);
  const shown: SeamAccessCode = {
    access_code_id: code.codeId,
    workspace_id: code.workspaceId,
    device_id: code.deviceId,
    name: code.wanted.name,
    code: pins.wanted,
    common_code_key: code.wanted.commonCodeKey,
    type: schedule ? 'time_bound' : 'ongoing',
    status: standing.status,
    display_status: displayStatus(code, standing, now),
    created_at: iso(code.requestedAt),
    errors: codeErrors(code, standing, around, pins),
    warnings: codeWarnings(code, standing, pins),
    pending_mutations: pendingMutations(code, standing, pins, now),
    is_managed: true,
    is_backup: backupOf(code) !== null,
    is_backup_access_code_available: around.hasBackup ?? false,
    pulled_backup_access_code_id: pulledBackupOf(code)?.codeId ?? null,
    is_external_modification_allowed: code.wanted.externalModificationAllowed,
    is_one_time_use: code.wanted.isOneTimeUse,
    is_offline_access_code: false,
    is_scheduled_on_device: code.known.onLock !== null && toldOf(code.known.onLock).window !== null,
    is_waiting_for_code_assignment: false,
  };
  // Not spread into it: that took a quarter of the time of a page of codes.
  if (schedule) {
    shown.starts_at = iso(schedule.startsAt);
    shown.ends_at = iso(schedule.endsAt);
  }
  if (code.known.onLock?.masked) shown.is_masked_on_device = true;
  return shown;
}

function displayStatus(code: AccessCode, { status, from, settled }: Standing, now: number): string {
  switch (status) {
    case 'unset':
      if (isGone(code)) return 'Expired';
      if (erasedByAgreement(code)) return 'Removed from the device by somebody else';
      if (code.known.onLock) return 'Scheduled on the device';
      return from > now ? 'Waiting to be sent to the device' : 'Being sent to the device';
    case 'setting':
      if (code.trouble.failedToSetAt !== null) return 'Could not be set on the device';
      return code.known.onLock && !settled ? 'Being updated on the device' : 'Being set on the device';
    case 'set':
      return 'Set on the device';
    case 'removing':
      return code.trouble.failedToRemoveAt === null
        ? 'Being removed from the device'
        : 'Could not be removed from the device';
    case 'unknown':
      return 'Unknown: the device can not be reached';
  }
}
