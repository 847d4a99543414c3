import type { Fold, Happened } from '@latchkey/event-sourcing';
import {
  type Content,
  type InFlight,
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
import { nameRefused } from './refusals';
import { inFlightOf, noTrouble, offTheLock, requested } from './transitions';
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
      return { ...code, inFlight: inFlightOf(event, event.at) };
    case 'ProgrammingAccepted':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...code,
        inFlight: { ...inFlight, lockCodeId: event.data.lockCodeId, unansweredAt: null },
      }));
    case 'CommandUnanswered':
      return whileInFlight(code, event.data.commandId, (inFlight) => ({
        ...code,
        inFlight: { ...inFlight, unansweredAt: event.at },
      }));
    case 'ProgrammingFailed':
      return programmingFailed(code, event);
    case 'ScheduledOnDevice':
      return confirmed(code, event.data.lockCodeId, event.at);
    case 'SetOnDevice':
      return {
        ...(event.data.commandId === null ? code : confirmed(code, event.data.lockCodeId, event.at)),
        setAt: event.at,
      };
    case 'ChangedOnDevice':
      return confirmed(code, code.onLock?.lockCodeId ?? code.inFlight?.lockCodeId ?? '', event.at);
    case 'SettingDelayed':
      return { ...code, settingDelayedAt: event.at };
    case 'StartMissed':
      return { ...code, startMissedAt: event.at, failedToSetAt: code.failedToSetAt ?? event.at };
    case 'RemovalStarted':
      return ending(code, event);
    case 'RemovalSent':
      return {
        ...code,
        inFlight: {
          commandId: event.data.commandId,
          operation: event.data.purpose,
          lockCodeId: event.data.lockCodeId,
          content: null,
          attempt: event.data.attempt,
          sentAt: event.at,
          deadline: Date.parse(event.data.deadline),
          unansweredAt: null,
        },
      };
    case 'RemovalFailed':
      return removalFailed(code, event);
    case 'RemovalDelayed':
      return { ...code, removalDelayedAt: event.at };
    case 'WithdrawnFromDevice':
      return { ...offTheLock(code), ...noTrouble, failedToRemoveAt: null };
    case 'Removed':
      return {
        ...offTheLock(code),
        removedAt: event.at,
        ending: code.ending ?? { cause: event.data.cause, at: event.at },
      };
    case 'Forgotten':
      return { ...code, forgotten: true };
    case 'ConnectionLost':
      return { ...code, connectionLostAt: event.at };
    case 'ConnectionRestored':
      return { ...code, connectionLostAt: null };
    case 'ModifiedExternally':
      return modifiedExternally(code, event);
    case 'RemovedExternally': {
      const change: ExternalChange = { at: event.at, change: 'removed', fields: [] };
      return {
        ...offTheLock(code),
        ...(event.data.accepted ? { ...noTrouble, externalInEffect: change } : { externalConflict: change }),
      };
    }
    case 'BackupAssigned':
      return {
        ...code,
        ...noTrouble,
        backupOf: event.data.forCodeId,
        schedule: windowOf(event.data.schedule),
        wantedAt: event.at,
      };
    case 'BackupHandedOver':
      return { ...code, handedOver: true };
    case 'BackupPulled':
      return { ...code, pulledBackup: { codeId: event.data.backupCodeId, at: event.at } };
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

/** A code that is going because its time is over may be deleted as well; it is going since the first of both. */
function ending(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalStarted'>>): AccessCode {
  if (code.ending) return { ...code, ending: { ...code.ending, cause: data.cause } };
  return {
    ...code,
    ending: { cause: data.cause, at },
    failedAttempts: 0,
    failure: null,
    failedToRemoveAt: null,
  };
}

function changeWanted(code: AccessCode, { data, at }: Happened<CodeEventOf<'ChangeRequested'>>): AccessCode {
  const schedule = data.schedule === undefined ? code.schedule : windowOf(data.schedule);
  return {
    ...code,
    ...noTrouble,
    failedToRemoveAt: null,
    name: data.name === undefined ? code.name : data.name,
    pin: data.pin ?? code.pin,
    pinFingerprint: data.pinFingerprint ?? code.pinFingerprint,
    schedule,
    preferNativeScheduling: data.preferNativeScheduling ?? code.preferNativeScheduling,
    externalModificationAllowed: data.externalModificationAllowed ?? code.externalModificationAllowed,
    usesBackupPool: data.usesBackupPool ?? code.usesBackupPool,
    // Somebody else's change stays in effect until something is asked of the code again.
    externalInEffect: null,
    ...(data.name === undefined ? {} : { plainName: false, distinctName: false }),
    wantedAt: at,
    // A window that lies ahead again is entered again.
    setAt: schedule && schedule.startsAt > at && code.onLock?.window ? null : code.setAt,
  };
}

function whileInFlight(
  code: AccessCode,
  commandId: string,
  then: (inFlight: InFlight) => AccessCode,
): AccessCode {
  return code.inFlight?.commandId === commandId ? then(code.inFlight) : code;
}

function confirmed(code: AccessCode, lockCodeId: string, at: number): AccessCode {
  const content = code.inFlight?.content;
  if (!content) return code;
  const { window } = toldOf(content);
  return {
    ...code,
    ...noTrouble,
    onLock: { ...content, lockCodeId, since: code.onLock?.since ?? at },
    everOnLock: true,
    inFlight: null,
    mayTurnUp: null,
    lateChanges: [],
    // A lock that keeps the window by itself opens from its start on, whatever it did before.
    setAt: window && window.startsAt > at ? null : code.setAt,
  };
}

function programmingFailed(
  code: AccessCode,
  { data, at }: Happened<CodeEventOf<'ProgrammingFailed'>>,
): AccessCode {
  const failedAttempts = data.kind === 'outage' ? code.failedAttempts : code.failedAttempts + 1;
  const tell = data.kind === 'permanent' || failedAttempts >= FAILURES_TO_TELL;
  const { inFlight } = code;
  const content = data.errorCode === 'NO_ANSWER' ? (inFlight?.content ?? null) : null;
  const created = inFlight?.operation === 'create';
  const aboutName = nameRefused(data.errorCode);
  return {
    ...code,
    inFlight: null,
    ...(aboutName === 'taken' ? { distinctName: true } : {}),
    ...(aboutName === 'not-taken-as-it-is' ? { plainName: true } : {}),
    mayTurnUp: content && created ? { ...content, givenUpAt: at } : code.mayTurnUp,
    lateChanges:
      content && !created
        ? [...code.lateChanges.filter((late) => !sameOnLock(late, content)), content].slice(-LATE_CHANGES)
        : code.lateChanges,
    failedAttempts,
    failure: failureOf('programming', data, at),
    failedToSetAt: code.failedToSetAt ?? (tell ? at : null),
  };
}

function sameOnLock(a: Content, b: Content): boolean {
  const [one, other] = [toldOf(a), toldOf(b)];
  return sameContent(a, b) && one.name === other.name && sameWindow(one.window, other.window);
}

function removalFailed(code: AccessCode, { data, at }: Happened<CodeEventOf<'RemovalFailed'>>): AccessCode {
  const failedAttempts = data.kind === 'outage' ? code.failedAttempts : code.failedAttempts + 1;
  return {
    ...code,
    inFlight: null,
    failedAttempts,
    failure: failureOf('removal', data, at),
    failedToRemoveAt: code.failedToRemoveAt ?? (failedAttempts >= FAILURES_TO_TELL ? at : null),
  };
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
  if (!code.onLock) return code;
  const content = contentOf(data.content);
  const change: ExternalChange = { at, change: 'modified', fields: data.fields };
  const seen = {
    ...code,
    inFlight: null,
    onLock: { ...content, lockCodeId: code.onLock.lockCodeId, since: code.onLock.since },
  };
  const alteredName = data.fields.includes('name')
    ? { told: toldOf(code.inFlight?.content ?? code.onLock).name, read: content.name }
    : code.alteredName;
  if (!data.accepted) return { ...seen, externalConflict: change, alteredName };
  return {
    ...seen,
    name: content.name,
    pin: content.pin,
    pinFingerprint: content.pinFingerprint,
    ...noTrouble,
    schedule: content.window && code.schedule ? content.window : code.schedule,
    externalInEffect: change,
  };
}
