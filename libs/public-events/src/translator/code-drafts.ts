import { type AccessCode, backupOf, isNative, neededFrom } from '@latchkey/access-codes';
import type { Draft } from '../public-event';
import type { Around, CodeStep } from './code-step';
import { confirmations, type Announced, announcedAtFirst } from './confirmations';
import { changed, requestedMutations } from './requests';
import { becameTrue } from './troubles';
import { isOfUnmanaged, unmanagedDrafts } from './unmanaged-drafts';

/** What integrations are told when this happens to a code, and what they have been told of it then. */
export function codeDrafts(
  step: CodeStep,
  told: Announced | null,
  around: Around,
): { drafts: Draft[]; told: Announced } {
  const { after } = step;
  const known = told ?? announcedAtFirst(after);
  if (isOfUnmanaged(step)) {
    const apart = unmanagedDrafts(step, around);
    return { drafts: apart.drafts.map((draft) => ofCode(after, draft)), told: apart.told };
  }
  if (isInPool(step)) return { drafts: [], told: { ...announcedAtFirst(after), onDevice: true } };
  const confirmed = confirmations(step, known, isNative(after.wanted, around.device));
  return {
    drafts: [...happened(step, known, around), ...confirmed.drafts, ...becameTrue(step, around)].map(
      (draft) => ofCode(after, draft),
    ),
    told: { ...confirmed.told, onDevice: onDevice(step, known) },
  };
}

/** A backup code is nobody's business until it is pulled, and is on the lock then. */
function isInPool({ event, after }: CodeStep): boolean {
  const backup = backupOf(after);
  return backup !== null && (backup.is === 'spare' || event.type === 'BackupAssigned');
}

function ofCode({ codeId, deviceId, accountId }: AccessCode, draft: Draft): Draft {
  const ids = { access_code_id: codeId, device_id: deviceId, connected_account_id: accountId };
  return { ...draft, body: { ...ids, ...draft.body } };
}

function happened({ event, before, after }: CodeStep, told: Announced, around: Around): Draft[] {
  switch (event.type) {
    case 'CodeRequested':
      return [
        { type: 'access_code.created', body: {} },
        { type: 'access_code.mutations_requested', body: { requested_mutations: [creation(after, around)] } },
      ];
    case 'ChangeRequested':
      return [...changed(before!, after, 'requested'), ...requestedMutations(before!, after)];
    case 'ScheduledOnDevice':
      return [withPin('access_code.scheduled_on_device', after)];
    case 'SetOnDevice':
      return [withPin('access_code.set_on_device', after)];
    case 'RemovalStarted':
      return event.data.cause === 'deleted'
        ? [
            {
              type: 'access_code.mutations_requested',
              body: { requested_mutations: [{ mutation_code: 'deleting' }] },
            },
          ]
        : [];
    case 'WithdrawnFromDevice':
      return told.onDevice ? [{ type: 'access_code.removed_from_device', body: {} }] : [];
    case 'Removed':
      return [
        ...(told.onDevice && !event.data.leftOnLock
          ? [{ type: 'access_code.removed_from_device', body: {} }]
          : []),
        // A code that came to its end was not deleted; where it stays readable, it still can be.
        ...(event.data.cause === 'deleted' ? [withPin('access_code.deleted', after)] : []),
      ];
    case 'Forgotten':
      return [withPin('access_code.deleted', after)];
    case 'ModifiedExternally':
      return [
        { type: 'access_code.modified_external_to_seam', body: {} },
        ...(event.data.accepted ? changed(before!, after, 'modified on the device') : []),
      ];
    case 'BackupPulled': {
      const { backupCodeId } = event.data;
      return [
        { type: 'access_code.backup_access_code_pulled', body: { backup_access_code_id: backupCodeId } },
      ];
    }
    case 'RemovedExternally':
      return [{ type: 'access_code.deleted_external_to_seam', body: {} }];
    default:
      return [];
  }
}

function creation(code: AccessCode, { device, settings }: Around): { mutation_code: string } {
  const from = neededFrom(code, isNative(code.wanted, device), settings);
  return { mutation_code: from > code.requestedAt ? 'deferring_creation' : 'creating' };
}

function withPin(type: string, code: AccessCode): Draft {
  return { type, body: { code: null }, pins: [{ path: 'code', pin: code.wanted.pin }] };
}

/** Whether integrations have heard that it is on the lock, and not yet that it has gone. */
function onDevice({ event }: CodeStep, told: Announced): boolean {
  switch (event.type) {
    case 'ScheduledOnDevice':
    case 'SetOnDevice':
      return true;
    case 'WithdrawnFromDevice':
    case 'Removed':
      return false;
    default:
      return told.onDevice;
  }
}
