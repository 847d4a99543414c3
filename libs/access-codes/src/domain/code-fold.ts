import type { Fold, Happened } from '@latchkey/event-sourcing';
import {
  type Content,
  type InFlight,
  type Known,
  type Failure,
  type ExternalChange,
  type AccessCode,
  windowOf,
  contentOf,
  sameContent,
  sameWindow,
  toldOf,
} from './access-code';
import type { CodeEvent, CodeEventOf } from './events';
import { backupOf, endOf, ending, managedOtherwise, removed } from './life';
import { nameRefused } from './refusals';
import { changed, inFlightOf, noTrouble, offTheLock, removalInFlight, requested } from './transitions';
import { evolveUnmanaged, unmanagedSeen } from './unmanaged-fold';

/** So many failures in a row are told as a failure; before, they are a delay at most. */
export const FAILURES_TO_TELL = 3;

/** So many changes of one code may be on their way to a silent lock. */
const LATE_CHANGES = 8;

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
      return changed(code, { known: { inFlight: inFlightOf(event, event.at) } });
    case 'ProgrammingAccepted':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...inFlight,
        lockCodeId: event.data.lockCodeId,
        unansweredAt: null,
      }));
    case 'CommandUnanswered':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...inFlight,
        unansweredAt: event.at,
      }));
    case 'ProgrammingFailed':
      return programmingFailed(code, event);
    case 'ScheduledOnDevice':
      return confirmed(code, event.data.lockCodeId, event.at);
    case 'SetOnDevice':
      return changed(
        event.data.commandId === null ? code : confirmed(code, event.data.lockCodeId, event.at),
        {
          known: { setAt: event.at },
        },
      );
    case 'ChangedOnDevice':
      return confirmed(
        code,
        code.known.onLock?.lockCodeId ?? code.known.inFlight?.lockCodeId ?? '',
        event.at,
      );
    case 'SettingDelayed':
      return changed(code, { trouble: { settingDelayedAt: event.at } });
    case 'StartMissed':
      return changed(code, {
        trouble: { startMissedAt: event.at, failedToSetAt: code.trouble.failedToSetAt ?? event.at },
      });
    case 'RemovalStarted':
      return removalStarted(code, event);
    case 'RemovalSent':
      return changed(code, { known: { inFlight: removalInFlight(event) } });
    case 'RemovalFailed':
      return removalFailed(code, event);
    case 'RemovalDelayed':
      return code.life.phase === 'ending'
        ? changed(code, { life: { ...code.life, delayedAt: event.at } })
        : code;
    case 'WithdrawnFromDevice':
      return changed(code, { known: offTheLock, trouble: { ...noTrouble, failedToRemoveAt: null } });
    case 'Removed':
      return changed(code, {
        known: offTheLock,
        life: removed(code.life, event.data.cause, event.at),
      });
    case 'Forgotten':
      return code.life.phase === 'removed'
        ? changed(code, { life: { ...code.life, forgotten: true } })
        : code;
    case 'ConnectionLost':
      return changed(code, { trouble: { connectionLostAt: event.at } });
    case 'ConnectionRestored':
      return changed(code, { trouble: { connectionLostAt: null } });
    case 'ModifiedExternally':
      return modifiedExternally(code, event);
    case 'RemovedExternally': {
      const change: ExternalChange = { at: event.at, change: 'removed', fields: [] };
      return event.data.accepted
        ? changed(code, { known: { ...offTheLock, externalInEffect: change }, trouble: noTrouble })
        : changed(code, { known: offTheLock, trouble: { externalConflict: change } });
    }
    case 'BackupAssigned':
      return changed(code, {
        wanted: { schedule: windowOf(event.data.schedule), at: event.at },
        trouble: noTrouble,
        life: managedOtherwise(code.life, {
          backup: { is: 'pulled', forCodeId: event.data.forCodeId, handedOver: false },
        }),
      });
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
    default: {
      const never: never = event;
      return never;
    }
  }
}

function removalStarted(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalStarted'>>): AccessCode {
  const life = ending(code.life, data.cause, at);
  return endOf(code)
    ? changed(code, { life })
    : changed(code, { life, trouble: { failedAttempts: 0, failure: null, failedToRemoveAt: null } });
}

function handedOver(code: AccessCode): AccessCode {
  const backup = backupOf(code);
  if (backup?.is !== 'pulled') return code;
  return changed(code, { life: managedOtherwise(code.life, { backup: { ...backup, handedOver: true } }) });
}

function backupPulled(code: AccessCode, { data, at }: Happened<CodeEventOf<'BackupPulled'>>): AccessCode {
  const pulledBackup = { codeId: data.backupCodeId, at };
  return changed(code, { life: managedOtherwise(code.life, { pulledBackup }) });
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
      // Somebody else's change stays in effect until something is asked of the code again.
      externalInEffect: null,
      ...(data.name === undefined ? {} : { plainName: false, distinctName: false }),
      // A window that lies ahead again is entered again.
      setAt: schedule && schedule.startsAt > at && known.onLock?.window ? null : known.setAt,
    },
    trouble: { ...noTrouble, failedToRemoveAt: null },
  });
}

function whileInFlight(
  code: AccessCode,
  commandId: string,
  then: (inFlight: InFlight) => InFlight,
): AccessCode {
  const { inFlight } = code.known;
  return inFlight?.commandId === commandId ? changed(code, { known: { inFlight: then(inFlight) } }) : code;
}

function confirmed(code: AccessCode, lockCodeId: string, at: number): AccessCode {
  const { inFlight, onLock, setAt } = code.known;
  const content = inFlight?.content;
  if (!content) return code;
  const { window } = toldOf(content);
  return changed(code, {
    known: {
      onLock: { ...content, lockCodeId, since: onLock?.since ?? at },
      everOnLock: true,
      inFlight: null,
      mayTurnUp: null,
      lateChanges: [],
      // A lock that keeps the window by itself opens from its start on, whatever it did before.
      setAt: window && window.startsAt > at ? null : setAt,
    },
    trouble: noTrouble,
  });
}

function programmingFailed(
  code: AccessCode,
  { data, at }: Happened<CodeEventOf<'ProgrammingFailed'>>,
): AccessCode {
  const { known, trouble } = code;
  const failedAttempts = trouble.failedAttempts + (data.kind === 'outage' ? 0 : 1);
  const tell = data.kind === 'permanent' || failedAttempts >= FAILURES_TO_TELL;
  const content = data.errorCode === 'NO_ANSWER' ? (known.inFlight?.content ?? null) : null;
  const created = known.inFlight?.operation === 'create';
  return changed(code, {
    known: {
      inFlight: null,
      ...nameAfter(known, data.errorCode),
      mayTurnUp: content && created ? { ...content, givenUpAt: at } : known.mayTurnUp,
      lateChanges: content && !created ? withLate(known.lateChanges, content) : known.lateChanges,
    },
    trouble: {
      failedAttempts,
      failure: failureOf('programming', data, at),
      failedToSetAt: trouble.failedToSetAt ?? (tell ? at : null),
    },
  });
}

/** How the lock is told the name from now on. One that was taken again, though it was told apart, was cut there. */
function nameAfter(
  { distinctName }: Known,
  errorCode: string,
): Partial<Pick<Known, 'plainName' | 'distinctName'>> {
  const refused = nameRefused(errorCode);
  if (refused === null) return {};
  if (refused === 'not-taken-as-it-is') return { plainName: true };
  return distinctName ? { plainName: true } : { distinctName: true };
}

function withLate(lateChanges: readonly Content[], content: Content): Content[] {
  return [...lateChanges.filter((late) => !sameOnLock(late, content)), content].slice(-LATE_CHANGES);
}

function sameOnLock(a: Content, b: Content): boolean {
  const [one, other] = [toldOf(a), toldOf(b)];
  return sameContent(a, b) && one.name === other.name && sameWindow(one.window, other.window);
}

function removalFailed(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalFailed'>>): AccessCode {
  const { trouble } = code;
  const failedAttempts = trouble.failedAttempts + (data.kind === 'outage' ? 0 : 1);
  return changed(code, {
    known: { inFlight: null },
    trouble: {
      failedAttempts,
      failure: failureOf('removal', data, at),
      failedToRemoveAt: trouble.failedToRemoveAt ?? (failedAttempts >= FAILURES_TO_TELL ? at : null),
    },
  });
}

function failureOf(of: Failure['of'], data: CodeEventOf<'ProgrammingFailed'>['data'], at: number): Failure {
  const { errorCode, message, kind } = data;
  return {
    of,
    at,
    errorCode,
    message,
    kind,
    retryAt: data.retryAt === null ? null : Date.parse(data.retryAt),
  };
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
  return changed(code, {
    wanted: {
      ...{ name, pin, pinFingerprint },
      schedule: window && code.wanted.schedule ? window : code.wanted.schedule,
    },
    known: { ...there, externalInEffect: change },
    trouble: noTrouble,
  });
}
