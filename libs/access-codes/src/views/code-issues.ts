import { type Account, type Device, deviceErrors, type SeamError, type SeamWarning } from '@latchkey/devices';
import { iso } from '@latchkey/platform';
import type { AccessCode, Failure } from '../domain/access-code';
import type { Occupant, Standing } from './code-status';
import { type Pins, timeFrame } from './pending-mutations';
import { endOf, type ExternalChange, externalInEffectOf, isGone, pulledBackupOf } from '../domain/life';

interface ExternalDetails {
  change_type?: 'modified' | 'removed';
  modified_fields?: { field: string; from: string | null; to: string | null }[];
}

/** An error of a code: its own, or one that it inherits from its device or account. */
export interface SeamCodeError extends SeamError, ExternalDetails {
  is_access_code_error?: true;
  /** Whose PIN on the device is the same. */
  managed_access_code_id?: string;
  unmanaged_access_code_id?: string;
}

export interface SeamCodeWarning extends SeamWarning, ExternalDetails {}

/** What around a code may cause its errors. */
interface Neighbours {
  readonly device: Device | null;
  readonly account: Account | null;
  readonly occupant?: Occupant | null;
}

/** The errors of a code. They never show a PIN but the code's own, to its owner. */
export function codeErrors(
  code: AccessCode,
  standing: Standing,
  { device, account, occupant = null }: Neighbours,
  pins: Pins,
): SeamCodeError[] {
  if (isGone(code)) return [];
  const own = standing.ending ? removalErrors(code) : settingErrors(code, pins, occupant);
  const outage = outageError(code, standing, account);
  return [...own, ...(outage ? [outage] : []), ...deviceErrors(device, account)];
}

function settingErrors(code: AccessCode, pins: Pins, occupant: Occupant | null): SeamCodeError[] {
  const { failure, failedToSetAt, startMissedAt, externalConflict } = code.trouble;
  const errors: SeamCodeError[] = [];
  if (failedToSetAt !== null) {
    errors.push(
      own(
        'failed_to_set_on_device',
        failedToSetAt,
        `The code could not be set on the device${because(failure)}.`,
      ),
    );
    if (code.known.onLock) {
      errors.push(
        own(
          'failed_to_update',
          failedToSetAt,
          `The code on the device could not be changed${because(failure)}.`,
        ),
      );
    }
  }
  if (pins.wanted === null && failedToSetAt === null) {
    const lost = 'The PIN of the code can not be read: the vault lacks its key. Give the code a new PIN.';
    errors.push(own('failed_to_set_on_device', code.wanted.at, lost));
  }
  if (startMissedAt !== null) {
    errors.push(
      own('failed_to_issue', startMissedAt, 'The code was not on the device when its time frame began.'),
    );
  }
  const refused = failure?.of === 'programming' ? refusal(failure) : [];
  errors.push(...refused.filter(({ error_code }) => !occupant || error_code !== DUPLICATE));
  if (occupant) {
    const duplicate = own(DUPLICATE, occupant.since, 'An unmanaged code on the device has the same PIN.');
    errors.push({ ...duplicate, unmanaged_access_code_id: occupant.codeId });
  }
  if (externalConflict) {
    errors.push({
      ...own(
        'conflicting_external_modification',
        externalConflict.at,
        externalConflict.change === 'removed'
          ? 'Somebody removed the code from the device. It will be set again.'
          : 'Somebody changed the code on the device. It will be set again as it should be.',
      ),
      ...external(code, externalConflict, pins),
    });
  }
  return errors;
}

const DUPLICATE = 'duplicate_code_on_device';

/** What the lock's own error code adds. */
function refusal(failure: Failure): SeamCodeError[] {
  const errors: SeamCodeError[] = [];
  if (failure.errorCode === 'PIN_CONFLICT') {
    errors.push(own(DUPLICATE, failure.at, 'Another code on the device has the same PIN.'));
  }
  if (failure.errorCode === 'LOCK_FULL') {
    errors.push(
      own('no_space_for_access_code_on_device', failure.at, 'The device has no room for another code.'),
    );
  }
  if (failure.kind === 'permanent') {
    errors.push(
      own(
        'code_constraints_violated',
        failure.at,
        `The device can not take this code${because(failure)}. It is not tried again until the code is changed.`,
      ),
    );
  }
  return errors;
}

function removalErrors(code: AccessCode): SeamCodeError[] {
  const { failedToRemoveAt, failure } = code.trouble;
  if (failedToRemoveAt === null) return [];
  const message = `The code could not be removed from the device${because(failure)}. It is tried again.`;
  const errors = [own('failed_to_remove_from_device', failedToRemoveAt, message)];
  if (endOf(code)?.cause === 'expired') {
    errors.push(own('failed_to_remove', failedToRemoveAt, 'The code is still on the device past its end.'));
  }
  return errors;
}

/** The lock maker is unavailable: not a failure of the code, shown only where the code waits for it. */
function outageError(
  code: AccessCode,
  { settled, wanted }: Standing,
  account: Account | null,
): SeamCodeError | null {
  const since = account?.connected ? account.unreachableSince : null;
  const waits = !settled || (wanted === null && code.known.inFlight !== null);
  return since !== null && waits
    ? own('provider_issue', since, "The lock maker's service does not answer. It is tried again.")
    : null;
}

export function codeWarnings(code: AccessCode, standing: Standing, pins: Pins): SeamCodeWarning[] {
  if (isGone(code)) return [];
  const warnings: SeamCodeWarning[] = [];
  const warn = (warning_code: string, at: number, message: string) =>
    warnings.push({ warning_code, message, created_at: iso(at) });
  if (standing.ending) {
    if (code.life.phase !== 'ending') return warnings;
    const { cause, since, delayedAt } = code.life;
    if (cause === 'deleted') warn('being_deleted', since, 'The code is being deleted.');
    if (delayedAt !== null) {
      warn('delay_in_removing_from_device', delayedAt, 'Removing the code takes longer than usual.');
    }
    return warnings;
  }
  const { settingDelayedAt, startMissedAt } = code.trouble;
  if (settingDelayedAt !== null) {
    warn('delay_in_setting_on_device', settingDelayedAt, 'Setting the code takes longer than usual.');
    // A code without a start can't miss it; one that has missed it has an error.
    if (code.wanted.schedule !== null && startMissedAt === null)
      warn('delay_in_issuing', settingDelayedAt, 'The code may not be on the device when it begins.');
  }
  const pulledBackup = pulledBackupOf(code);
  if (pulledBackup) {
    warn('using_backup_access_code', pulledBackup.at, 'A backup access code is in use in its place.');
  }
  const externalInEffect = externalInEffectOf(code);
  if (externalInEffect) {
    warnings.push({
      warning_code: 'external_modification_in_effect',
      message:
        externalInEffect.change === 'removed'
          ? 'Somebody removed the code from the device, which is allowed for this code.'
          : 'Somebody changed the code on the device, which is allowed for this code.',
      created_at: iso(externalInEffect.at),
      ...external(code, externalInEffect, pins),
    });
  }
  return warnings;
}

function external(code: AccessCode, { change, fields }: ExternalChange, pins: Pins): ExternalDetails {
  const { onLock } = code.known;
  if (change === 'removed' || !onLock) return { change_type: change };
  const wanted = timeFrame(code.wanted.schedule);
  const there = timeFrame(onLock.window);
  return {
    change_type: change,
    modified_fields: fields.flatMap((field) => {
      if (field === 'name') return [{ field, from: code.wanted.name, to: onLock.name }];
      if (field === 'code') return [{ field, from: pins.wanted, to: pins.onLock }];
      return [
        { field: 'starts_at', from: wanted.starts_at, to: there.starts_at },
        { field: 'ends_at', from: wanted.ends_at, to: there.ends_at },
      ];
    }),
  };
}

function own(error_code: string, at: number, message: string): SeamCodeError {
  return { error_code, message, created_at: iso(at), is_access_code_error: true };
}

const because = (failure: Failure | null): string => (failure ? ` (${failure.errorCode})` : '');
