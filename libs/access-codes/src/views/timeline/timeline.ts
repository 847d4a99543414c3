import type { Actor, Happened, RecordedEvent } from '@latchkey/event-sourcing';
import { derivedId, iso } from '@latchkey/platform';
import type { CodeEvent } from '../../domain/events';

/** An entry of a code's timeline, in the API's shape. */
export interface TimelineEvent {
  timeline_event_id: string;
  event_type: TimelineEventType;
  occurred_at: string;
  description: string;
  actor: Actor;
  details?: Record<string, unknown>;
  related_resource_ids?: Record<string, string>;
}

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

interface Entry {
  readonly type: TimelineEventType;
  readonly description: string;
  readonly details?: Record<string, unknown>;
}

/** The life of a code in order, from what happened to it. No entry holds a PIN. */
export function timelineOf(
  history: readonly { event: Happened<CodeEvent>; recorded: RecordedEvent }[],
): TimelineEvent[] {
  const first = history[0]?.event;
  const related =
    first?.type === 'CodeRequested' || first?.type === 'UnmanagedCodeSeen'
      ? { device_id: first.data.deviceId, connected_account_id: first.data.accountId }
      : undefined;
  return history.flatMap(({ event, recorded }) =>
    entriesOf(event).map(({ type, description, details }, index) => ({
      timeline_event_id: index === 0 ? recorded.id : derivedId(recorded.id, `timeline:${index}`),
      event_type: type,
      occurred_at: iso(event.at),
      description,
      actor: actorOf(event, recorded),
      ...(details ? { details } : {}),
      ...(related ? { related_resource_ids: related } : {}),
    })),
  );
}

/** What somebody else did on the lock, whoever told of it. */
const BY_OTHERS: readonly CodeEvent['type'][] = [
  'ModifiedExternally',
  'RemovedExternally',
  'UnmanagedCodeSeen',
  'UnmanagedCodeChanged',
  'UnmanagedCodeGone',
];

function actorOf({ type }: CodeEvent, { metadata }: RecordedEvent): Actor {
  const byOthers = BY_OTHERS.includes(type);
  return byOthers ? { type: 'external' } : metadata.actor;
}

function entriesOf(event: CodeEvent): Entry[] {
  switch (event.type) {
    case 'CodeRequested':
      return [entry('access_code.created', 'The access code was created.')];
    case 'ChangeRequested': {
      const what = changesOf(event.data);
      return [
        entry('access_code.mutations_requested', `A change was asked for: ${what.join(', ')}.`, { what }),
      ];
    }
    case 'ProgrammingStarted':
      return [
        entry('internal.access_code.programming_started', 'The lock was asked to take the code.', {
          attempt: event.data.attempt,
        }),
      ];
    case 'ProgrammingFailed':
    case 'RemovalFailed': {
      const { errorCode, retryAt } = event.data;
      const what = event.type === 'ProgrammingFailed' ? 'take' : 'forget';
      return [
        entry(
          'internal.access_code.programming_finished',
          `The lock did not ${what} the code: ${errorCode}.`,
          {
            error_code: errorCode,
            retry_at: retryAt,
          },
        ),
      ];
    }
    case 'ScheduledOnDevice':
      return [entry('access_code.scheduled_on_device', 'The lock has the code and its time frame.')];
    case 'SetOnDevice':
      return [entry('access_code.set_on_device', 'The code opens the lock.')];
    case 'ChangedOnDevice':
      return [entry('access_code.changed', 'The lock has what was changed.')];
    case 'SettingDelayed':
      return [
        entry('access_code.delay_in_setting_on_device', 'The code should be on the lock and is not yet.'),
      ];
    case 'StartMissed':
      return [
        entry('access_code.failed_to_set_on_device', 'The code was not on the lock when its time began.'),
      ];
    case 'RemovalStarted':
      return [
        entry(
          'access_code.mutations_requested',
          event.data.cause === 'deleted' ? 'The code was deleted.' : 'The time of the code is over.',
          { what: ['removal'], cause: event.data.cause },
        ),
      ];
    case 'RemovalSent':
      return [entry('internal.access_code.programming_started', 'The lock was asked to forget the code.')];
    case 'RemovalDelayed':
      return [
        entry('access_code.delay_in_removing_from_device', 'The code should be off the lock and is not yet.'),
      ];
    case 'WithdrawnFromDevice':
      return [
        entry('access_code.removed_from_device', 'The code is off the lock until its time comes again.'),
      ];
    case 'Removed':
      return removal(event.data);
    case 'Forgotten':
      return [entry('access_code.deleted', 'The expired code was deleted.')];
    case 'ModifiedExternally': {
      const { fields, accepted } = event.data;
      return [
        entry(
          'access_code.modified_external_to_seam',
          `Somebody else changed on the lock: ${fields.join(', ')}.`,
          {
            fields,
            accepted,
          },
        ),
      ];
    }
    case 'RemovedExternally':
      return [
        entry('access_code.deleted_external_to_seam', 'Somebody else took the code off the lock.', {
          accepted: event.data.accepted,
        }),
      ];
    case 'UnmanagedCodeSeen':
      return [
        entry('access_code.unmanaged.created', 'A code that is not managed here was found on the lock.'),
      ];
    case 'UnmanagedCodeGone':
      return [entry('access_code.unmanaged.removed', 'The code is no longer on the lock.')];
    case 'TakenIntoManagement':
      return [entry('access_code.unmanaged.converted_to_managed', 'The code is managed here from now on.')];
    case 'ConversionRefused':
      return [
        entry(
          'access_code.unmanaged.failed_to_convert_to_managed',
          'A managed access code on the lock has the same PIN.',
          { managed_access_code_id: event.data.byCodeId },
        ),
      ];
    case 'LetGo':
      return [
        entry('access_code.unmanaged.created', 'The code is no longer managed here, and stays on the lock.'),
      ];
    case 'BackupPulled': {
      const details = { backup_access_code_id: event.data.backupCodeId };
      return [
        entry('access_code.backup_access_code_pulled', 'A backup code is in use in its place.', details),
      ];
    }
    case 'BackupAssigned': {
      const details = { access_code_id: event.data.forCodeId };
      return [entry('access_code.changed', 'The code is in use in place of another one.', details)];
    }
    case 'BackupHandedOver':
      return [];
    case 'UnmanagedCodeChanged':
      return [entry('access_code.modified_external_to_seam', 'Somebody else changed the code on the lock.')];
    case 'ProgrammingAccepted':
    case 'CommandUnanswered':
    case 'ConnectionLost':
    case 'ConnectionRestored':
      return [];
  }
}

function removal({ cause, wasOnDevice }: { cause: 'deleted' | 'expired'; wasOnDevice: boolean }): Entry[] {
  return [
    ...(wasOnDevice ? [entry('access_code.removed_from_device', 'The code is off the lock.')] : []),
    ...(cause === 'deleted' ? [entry('access_code.deleted', 'The access code is gone.')] : []),
  ];
}

const entry = (type: TimelineEventType, description: string, details?: Record<string, unknown>): Entry => ({
  type,
  description,
  ...(details ? { details } : {}),
});

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
