import { deviceErrors } from '@latchkey/devices';
import { iso } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { codeErrors, codeWarnings, type SeamCodeError, type SeamCodeWarning } from './code-issues';
import { standingOf, type Surroundings } from './code-status';
import type { Pins } from './pending-mutations';
import { endOf } from '../domain/life';

/** An unmanaged code, in the API's shape. */
export interface SeamUnmanagedAccessCode {
  access_code_id: string;
  workspace_id: string;
  device_id: string;
  name: string | null;
  code: string | null;
  type: 'ongoing' | 'time_bound';
  status: 'set';
  display_status: string;
  starts_at?: string;
  ends_at?: string;
  created_at: string;
  errors: SeamCodeError[];
  warnings: SeamCodeWarning[];
  is_managed: false;
  /** Only for a code whose digits the lock does not show: `code` is null then. */
  is_masked_on_device?: true;
}

/** Shows an unmanaged code as the API does. Pure: everything that it depends on is passed in. */
export function presentUnmanaged(
  code: AccessCode,
  around: Surroundings & { readonly pins: Pins },
): SeamUnmanagedAccessCode {
  const { schedule } = code.wanted;
  // A code whose digits can't be read has an empty text sealed in their place.
  const isMasked = around.pins.wanted === '';
  return {
    access_code_id: code.codeId,
    workspace_id: code.workspaceId,
    device_id: code.deviceId,
    name: code.wanted.name,
    code: isMasked ? null : around.pins.wanted,
    type: schedule ? 'time_bound' : 'ongoing',
    status: 'set',
    display_status: endOf(code) ? 'Being removed from the device' : 'Set on the device',
    ...(schedule ? { starts_at: iso(schedule.startsAt), ends_at: iso(schedule.endsAt) } : {}),
    created_at: iso(code.requestedAt),
    ...unmanagedIssues(code, around),
    is_managed: false,
    ...(isMasked ? { is_masked_on_device: true as const } : {}),
  };
}

/** What kept it from being converted, or keeps it from being deleted. */
export function unmanagedIssues(
  code: AccessCode,
  around: Surroundings & { readonly pins: Pins },
): { errors: SeamCodeError[]; warnings: SeamCodeWarning[] } {
  if (endOf(code)) {
    const standing = standingOf(code, around);
    return {
      errors: codeErrors(code, standing, around, around.pins),
      warnings: codeWarnings(code, standing, around.pins),
    };
  }
  const refused = code.life.phase === 'unmanaged' ? code.life.conversionRefused : null;
  return {
    errors: [...(refused ? [duplicateOf(refused)] : []), ...deviceErrors(around.device, around.account)],
    warnings: [],
  };
}

const duplicateOf = ({ at, byCodeId }: { at: number; byCodeId: string }): SeamCodeError => ({
  error_code: 'duplicate_code_on_device',
  message: 'A managed access code on the device has the same code, so this one can not be managed as well.',
  created_at: iso(at),
  is_access_code_error: true,
  managed_access_code_id: byCodeId,
});
