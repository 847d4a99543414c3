import type { Fold, Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import { contentOf, toldOf, windowOf } from './content';
import type { CodeEvent, CodeEventOf } from './events';
import { withoutNames } from './erasure';
import { backupOf, type ExternalChange } from './life';
import { evolveProgramming } from './programming-fold';
import { evolveRemoval } from './removal-fold';
import { changed, noTrouble, offTheLock, requested } from './transitions';
import { evolveUnmanaged, unmanagedSeen } from './unmanaged-fold';

/** Null until the code was requested. */
export const codeFold: Fold<AccessCode | null, CodeEvent> = {
  initial: null,
  evolve(code, event) {
    if (event.type === 'CodeRequested') return requested(event.data, event.at);
    if (event.type === 'UnmanagedCodeSeen') return unmanagedSeen(event);
    return code && evolveCode(code, event);
  },
};

function evolveCode(
  code: AccessCode,
  event: Exclude<Happened<CodeEvent>, { type: 'CodeRequested' | 'UnmanagedCodeSeen' }>,
): AccessCode {
  switch (event.type) {
    case 'ChangeRequested':
      return changeWanted(code, event);
    case 'ProgrammingStarted':
    case 'ProgrammingAccepted':
    case 'CommandUnanswered':
    case 'ProgrammingFailed':
    case 'ScheduledOnDevice':
    case 'SetOnDevice':
    case 'ChangedOnDevice':
    case 'SettingDelayed':
    case 'StartMissed':
      return evolveProgramming(code, event);
    case 'RemovalStarted':
    case 'RemovalSent':
    case 'RemovalFailed':
    case 'RemovalDelayed':
    case 'WithdrawnFromDevice':
    case 'Removed':
    case 'Forgotten':
      return evolveRemoval(code, event);
    case 'ConnectionLost':
      return changed(code, { trouble: { connectionLostAt: event.at } });
    case 'ConnectionRestored':
      return changed(code, { trouble: { connectionLostAt: null } });
    case 'ModifiedExternally':
      return modifiedExternally(code, event);
    case 'RemovedExternally':
      return removedExternally(code, event);
    case 'BackupAssigned':
      return backupAssigned(code, event);
    case 'BackupHandedOver':
      return handedOver(code);
    case 'BackupPulled':
      return backupPulled(code, event);
    case 'UnmanagedCodeChanged':
    case 'UnmanagedCodeGone':
    case 'TakenIntoManagement':
    case 'ConversionRefused':
    case 'LetGo':
      return evolveUnmanaged(code, event);
    case 'PersonalDataErased':
      return { ...withoutNames(code), erasure: 'begun' };
    case 'ErasureCompleted':
      return { ...code, erasure: 'completed' };
    default: {
      const never: never = event;
      return never;
    }
  }
}

function changeWanted(code: AccessCode, { data, at }: Happened<CodeEventOf<'ChangeRequested'>>): AccessCode {
  const { wanted, known } = code;
  const schedule = data.schedule === undefined ? wanted.schedule : windowOf(data.schedule);
  return changed(code, {
    wanted: {
      name: data.name === undefined ? wanted.name : data.name,
      pin: data.pin ?? wanted.pin,
      pinFingerprint: data.pinFingerprint ?? wanted.pinFingerprint,
      schedule,
      preferNativeScheduling: data.preferNativeScheduling ?? wanted.preferNativeScheduling,
      externalModificationAllowed: data.externalModificationAllowed ?? wanted.externalModificationAllowed,
      usesBackupPool: data.usesBackupPool ?? wanted.usesBackupPool,
      at,
    },
    known: {
      ...(data.name === undefined ? {} : { plainName: false, distinctName: false }),
      // A window that has moved ahead begins again.
      setAt: schedule && schedule.startsAt > at && known.onLock?.window ? null : known.setAt,
    },
    trouble: { ...noTrouble, failedToRemoveAt: null },
    // Somebody else's change stays in effect until something is asked of the code again.
    managed: { externalInEffect: null },
  });
}

function backupAssigned(code: AccessCode, { data, at }: Happened<CodeEventOf<'BackupAssigned'>>): AccessCode {
  return changed(code, {
    wanted: { schedule: windowOf(data.schedule), at },
    trouble: noTrouble,
    managed: { backup: { is: 'pulled', forCodeId: data.forCodeId, handedOver: false } },
  });
}

function handedOver(code: AccessCode): AccessCode {
  const backup = backupOf(code);
  if (backup?.is !== 'pulled') return code;
  return changed(code, { managed: { backup: { ...backup, handedOver: true } } });
}

function backupPulled(code: AccessCode, { data, at }: Happened<CodeEventOf<'BackupPulled'>>): AccessCode {
  return changed(code, { managed: { pulledBackup: { codeId: data.backupCodeId, at } } });
}

function modifiedExternally(
  code: AccessCode,
  { data, at }: Happened<CodeEventOf<'ModifiedExternally'>>,
): AccessCode {
  const { onLock, inFlight, alteredName } = code.known;
  if (!onLock) return code;
  const content = contentOf(data.content);
  const change: ExternalChange = { at, change: 'modified', fields: data.fields };
  const there = {
    inFlight: null,
    onLock: { ...content, lockCodeId: onLock.lockCodeId, since: onLock.since },
  };
  if (!data.accepted) {
    const altered = data.fields.includes('name')
      ? { told: toldOf(inFlight?.content ?? onLock).name, read: content.name }
      : alteredName;
    return changed(code, {
      known: { ...there, alteredName: altered },
      trouble: { externalConflict: change },
    });
  }
  const { name, pin, pinFingerprint, window } = content;
  const { schedule } = code.wanted;
  // What nobody changed at the lock stays as it was asked for: a change of it may still be on its way there.
  return changed(code, {
    wanted: {
      ...(data.fields.includes('name') ? { name } : {}),
      ...(data.fields.includes('code') ? { pin, pinFingerprint } : {}),
      ...(data.fields.includes('time_frame') && window && schedule ? { schedule: window } : {}),
    },
    known: there,
    trouble: noTrouble,
    managed: { externalInEffect: change },
  });
}

function removedExternally(
  code: AccessCode,
  { data, at }: Happened<CodeEventOf<'RemovedExternally'>>,
): AccessCode {
  const change: ExternalChange = { at, change: 'removed', fields: [] };
  return changed(code, {
    ...offTheLock,
    ...(data.accepted
      ? { trouble: noTrouble, managed: { ...offTheLock.managed, externalInEffect: change } }
      : { trouble: { externalConflict: change } }),
  });
}
