import type { CodeEvent, CodeEventOf } from '@latchkey/access-codes';

/** As Seam names them; what it has no name for is not in a timeline. */
export const TIMELINE_EVENT_TYPES = [
  'access_code.created',
  'access_code.changed',
  'access_code.name_changed',
  'access_code.code_changed',
  'access_code.time_frame_changed',
  'access_code.mutations_requested',
  'access_code.deleted',
  'access_code.modified_external_to_seam',
  'access_code.deleted_external_to_seam',
  'access_code.scheduled_on_device',
  'access_code.set_on_device',
  'access_code.removed_from_device',
  'access_code.delay_in_setting_on_device',
  'access_code.failed_to_set_on_device',
  'access_code.delay_in_removing_from_device',
  'access_code.failed_to_remove_from_device',
  'internal.access_code.programming_started',
  'internal.access_code.programming_finished',
  'access_code.backup_access_code_pulled',
  'access_code.unmanaged.created',
  'access_code.unmanaged.removed',
  'access_code.unmanaged.converted_to_managed',
  'access_code.unmanaged.failed_to_convert_to_managed',
] as const;

export type TimelineEventType = (typeof TIMELINE_EVENT_TYPES)[number];

export interface Entry {
  readonly type: TimelineEventType;
  readonly description: string;
  readonly details?: Record<string, unknown>;
}

const entry = (type: TimelineEventType, description: string, details?: Record<string, unknown>): Entry => ({
  type,
  description,
  ...(details ? { details } : {}),
});

/** Events whose description is always the same. */
const SAID = {
  CodeRequested: entry('access_code.created', 'The access code was created.'),
  ScheduledOnDevice: entry('access_code.scheduled_on_device', 'The lock has the code and its time frame.'),
  SetOnDevice: entry('access_code.set_on_device', 'The code opens the lock.'),
  ChangedOnDevice: entry('access_code.changed', 'The lock has what was changed.'),
  SettingDelayed: entry(
    'access_code.delay_in_setting_on_device',
    'The code should be on the lock and is not yet.',
  ),
  StartMissed: entry(
    'access_code.failed_to_set_on_device',
    'The code was not on the lock when its time began.',
  ),
  RemovalSent: entry('internal.access_code.programming_started', 'The lock was asked to forget the code.'),
  RemovalDelayed: entry(
    'access_code.delay_in_removing_from_device',
    'The code should be off the lock and is not yet.',
  ),
  WithdrawnFromDevice: entry(
    'access_code.removed_from_device',
    'The code is off the lock until its time comes again.',
  ),
  Forgotten: entry('access_code.deleted', 'The expired code was deleted.'),
  UnmanagedCodeSeen: entry(
    'access_code.unmanaged.created',
    'A code that is not managed here was found on the lock.',
  ),
  UnmanagedCodeChanged: entry(
    'access_code.modified_external_to_seam',
    'Somebody else changed the code on the lock.',
  ),
  UnmanagedCodeGone: entry('access_code.unmanaged.removed', 'The code is no longer on the lock.'),
  TakenIntoManagement: entry(
    'access_code.unmanaged.converted_to_managed',
    'The code is managed here from now on.',
  ),
  LetGo: entry('access_code.unmanaged.created', 'The code is no longer managed here, and stays on the lock.'),
} as const satisfies Partial<Record<CodeEvent['type'], Entry>>;

/** A code's timeline entry for an event; no entry holds a PIN. */
export function entriesOf(event: CodeEvent): Entry[] {
  switch (event.type) {
    case 'ChangeRequested':
      return [changeRequested(event.data)];
    case 'ProgrammingStarted': {
      const { attempt } = event.data;
      const type = 'internal.access_code.programming_started';
      return [entry(type, 'The lock was asked to take the code.', { attempt })];
    }
    case 'ProgrammingFailed':
      return [failure('take', event.data)];
    case 'RemovalFailed':
      return [failure('forget', event.data)];
    case 'RemovalStarted':
      return [removalStarted(event.data)];
    case 'Removed':
      return removal(event.data);
    case 'ModifiedExternally':
      return [modifiedExternally(event.data)];
    case 'RemovedExternally': {
      const { accepted } = event.data;
      const type = 'access_code.deleted_external_to_seam';
      return [entry(type, 'Somebody else took the code off the lock.', { accepted })];
    }
    case 'ConversionRefused': {
      const details = { managed_access_code_id: event.data.byCodeId };
      const type = 'access_code.unmanaged.failed_to_convert_to_managed';
      return [entry(type, 'A managed access code on the lock has the same PIN.', details)];
    }
    case 'BackupPulled': {
      const details = { backup_access_code_id: event.data.backupCodeId };
      const type = 'access_code.backup_access_code_pulled';
      return [entry(type, 'A backup code is in use in its place.', details)];
    }
    case 'BackupAssigned': {
      const details = { access_code_id: event.data.forCodeId };
      return [entry('access_code.changed', 'The code is in use in place of another one.', details)];
    }
    case 'BackupHandedOver':
    case 'ProgrammingAccepted':
    case 'CommandUnanswered':
    case 'ConnectionLost':
    case 'ConnectionRestored':
    case 'PersonalDataErased':
    case 'ErasureCompleted':
      return [];
    default:
      return [SAID[event.type]];
  }
}

type Data<T extends CodeEvent['type']> = CodeEventOf<T>['data'];

function changeRequested(data: Data<'ChangeRequested'>): Entry {
  const what = changesOf(data);
  return entry('access_code.mutations_requested', `A change was requested: ${what.join(', ')}.`, { what });
}

function failure(what: 'take' | 'forget', { errorCode, retryAt }: Data<'RemovalFailed'>): Entry {
  return entry(
    'internal.access_code.programming_finished',
    `The lock did not ${what} the code: ${errorCode}.`,
    { error_code: errorCode, retry_at: retryAt },
  );
}

function removalStarted({ cause }: Data<'RemovalStarted'>): Entry {
  const why = cause === 'deleted' ? 'The code was deleted.' : 'The time of the code is over.';
  return entry('access_code.mutations_requested', why, { what: ['removal'], cause });
}

function modifiedExternally({ fields, accepted }: Data<'ModifiedExternally'>): Entry {
  const said = `Somebody else changed on the lock: ${fields.join(', ')}.`;
  return entry('access_code.modified_external_to_seam', said, { fields, accepted });
}

function removal({ cause, wasOnDevice }: { cause: 'deleted' | 'expired'; wasOnDevice: boolean }): Entry[] {
  return [
    ...(wasOnDevice ? [entry('access_code.removed_from_device', 'The code is off the lock.')] : []),
    ...(cause === 'deleted' ? [entry('access_code.deleted', 'The access code is gone.')] : []),
  ];
}

function changesOf(data: Extract<CodeEvent, { type: 'ChangeRequested' }>['data']): string[] {
  const names: [keyof typeof data, string][] = [
    ['name', 'name'],
    ['pin', 'code'],
    ['schedule', 'time frame'],
    ['preferNativeScheduling', 'native scheduling'],
    ['externalModificationAllowed', 'external modification'],
    ['usesBackupPool', 'backup pool'],
  ];
  return names.filter(([field]) => data[field] !== undefined).map(([, name]) => name);
}
