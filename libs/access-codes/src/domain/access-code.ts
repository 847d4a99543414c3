import type { Fold, Happened } from '@latchkey/event-sourcing';
import type {
  CodeEvent,
  CodeEventOf,
  ExternalField,
  FailureKind,
  RemovalCause,
  SealedPin,
  StoredContent,
  StoredWindow,
} from './events';
import { evolveUnmanaged, unmanagedSeen } from './unmanaged-fold';

/** Instants are ms since the epoch throughout. */
export interface Window {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** What a lock holds, or is to hold, of a code. */
export interface Content {
  readonly name: string | null;
  readonly pin: SealedPin;
  readonly pinFingerprint: string;
  readonly window: Window | null;
}

export interface OnLock extends Content {
  readonly lockCodeId: string;
  readonly since: number;
}

/** A creation that was given up as unanswered. */
export interface MayTurnUp extends Content {
  readonly givenUpAt: number;
}

/** The one command that is under way for a code. */
export interface InFlight {
  readonly commandId: string;
  readonly operation: 'create' | 'change' | 'removal' | 'withdrawal';
  readonly lockCodeId: string | null;
  /** What it is to leave on the lock; null for a removal. */
  readonly content: Content | null;
  readonly attempt: number;
  readonly sentAt: number;
  readonly deadline: number;
  /** When it turned out that no answer came; null while nothing speaks against one. */
  readonly unansweredAt: number | null;
}

export interface Failure {
  readonly of: 'programming' | 'removal';
  readonly at: number;
  readonly errorCode: string;
  readonly message: string;
  readonly kind: FailureKind;
  readonly retryAt: number | null;
}

export interface ExternalChange {
  readonly at: number;
  readonly change: 'modified' | 'removed';
  readonly fields: readonly ExternalField[];
}

export interface AccessCode {
  readonly codeId: string;
  readonly workspaceId: string;
  readonly deviceId: string;
  readonly accountId: string;
  readonly requestedAt: number;
  /** What is wanted: name, PIN and schedule (null: ongoing). */
  readonly name: string | null;
  readonly pin: SealedPin;
  readonly pinFingerprint: string;
  readonly schedule: Window | null;
  readonly preferNativeScheduling: boolean;
  readonly externalModificationAllowed: boolean;
  readonly commonCodeKey: string | null;
  readonly isOneTimeUse: boolean;
  readonly usesBackupPool: boolean;
  readonly isBackup: boolean;
  /** Of a backup code: which code it stands in for. */
  readonly backupOf: string | null;
  /** Of a backup code: that one knows of it. */
  readonly handedOver: boolean;
  /** A backup code that stands in for this one. */
  readonly pulledBackup: { readonly codeId: string; readonly at: number } | null;
  /** On the lock by somebody else's hand: looked at, and left alone until it is deleted or converted. */
  readonly unmanaged: boolean;
  /** A managed code that kept this one from being converted, because it has the same PIN. */
  readonly conversionRefused: { readonly at: number; readonly byCodeId: string } | null;
  /** When what is wanted was last said, ms. */
  readonly wantedAt: number;
  /** What the lock is known to hold. */
  readonly onLock: OnLock | null;
  readonly everOnLock: boolean;
  readonly inFlight: InFlight | null;
  /** A creation whose outcome was never learnt may still turn up on the lock. */
  readonly mayTurnUp: MayTurnUp | null;
  /** What changes that were given up as unanswered may still make of the code on the lock, the latest last. */
  readonly lateChanges: readonly Content[];
  readonly setAt: number | null;
  /** Attempts that failed in a row, outages of the maker not counted. */
  readonly failedAttempts: number;
  readonly failure: Failure | null;
  readonly settingDelayedAt: number | null;
  readonly startMissedAt: number | null;
  /** Since when it counts as failed, and not only as late. */
  readonly failedToSetAt: number | null;
  readonly removalDelayedAt: number | null;
  readonly failedToRemoveAt: number | null;
  /** Somebody else's change that will be put back. */
  readonly externalConflict: ExternalChange | null;
  /** Somebody else's change that was accepted. */
  readonly externalInEffect: ExternalChange | null;
  readonly connectionLostAt: number | null;
  readonly ending: { readonly cause: RemovalCause; readonly at: number } | null;
  readonly removedAt: number | null;
  readonly forgotten: boolean;
}

/** So many failures in a row are told as a failure; before, they are a delay at most. */
export const FAILURES_TO_TELL = 3;

/** So many changes of one code may be on their way to a silent lock. */
const LATE_CHANGES = 8;

/** Null until the code was requested. */
export const codeFold: Fold<AccessCode | null, CodeEvent> = {
  initial: null,
  evolve(code, event) {
    if (event.type === 'CodeRequested') return requested(event.data, event.at);
    if (event.type === 'UnmanagedCodeSeen') return unmanagedSeen(event, requested);
    return code && evolveCode(code, event);
  },
};

function requested(data: CodeEventOf<'CodeRequested'>['data'], at: number): AccessCode {
  return {
    ...data,
    schedule: windowOf(data.schedule),
    backupOf: null,
    handedOver: false,
    pulledBackup: null,
    unmanaged: false,
    conversionRefused: null,
    requestedAt: at,
    wantedAt: at,
    onLock: null,
    everOnLock: false,
    inFlight: null,
    mayTurnUp: null,
    lateChanges: [],
    setAt: null,
    failedAttempts: 0,
    failure: null,
    settingDelayedAt: null,
    startMissedAt: null,
    failedToSetAt: null,
    removalDelayedAt: null,
    failedToRemoveAt: null,
    externalConflict: null,
    externalInEffect: null,
    connectionLostAt: null,
    ending: null,
    removedAt: null,
    forgotten: false,
  };
}

/** Cleared whenever the lock confirms, or something else is wanted. */
export const noTrouble = {
  failedAttempts: 0,
  failure: null,
  settingDelayedAt: null,
  startMissedAt: null,
  failedToSetAt: null,
  externalConflict: null,
} as const;

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
    wantedAt: at,
    // A window that lies ahead again is entered again.
    setAt: schedule && schedule.startsAt > at && code.onLock?.window ? null : code.setAt,
  };
}

/** A programming that begins at an instant, ms. */
export function inFlightOf({ data }: CodeEventOf<'ProgrammingStarted'>, at: number): InFlight {
  const { commandId, operation, lockCodeId, attempt } = data;
  return {
    commandId,
    operation,
    lockCodeId,
    content: contentOf(data.content),
    attempt,
    sentAt: at,
    deadline: Date.parse(data.deadline),
    unansweredAt: null,
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
  return {
    ...code,
    ...noTrouble,
    onLock: { ...content, lockCodeId, since: code.onLock?.since ?? at },
    everOnLock: true,
    inFlight: null,
    mayTurnUp: null,
    lateChanges: [],
    // A lock that keeps the window by itself opens from its start on, whatever it did before.
    setAt: content.window && content.window.startsAt > at ? null : code.setAt,
  };
}

export function offTheLock(code: AccessCode): AccessCode {
  return { ...code, onLock: null, inFlight: null, lateChanges: [], setAt: null };
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
  return {
    ...code,
    inFlight: null,
    mayTurnUp: content && created ? { ...content, givenUpAt: at } : code.mayTurnUp,
    lateChanges:
      content && !created
        ? [...code.lateChanges.filter((late) => !sameContent(late, content)), content].slice(-LATE_CHANGES)
        : code.lateChanges,
    failedAttempts,
    failure: failureOf('programming', data, at),
    failedToSetAt: code.failedToSetAt ?? (tell ? at : null),
  };
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
  if (!data.accepted) return { ...seen, externalConflict: change };
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

export function windowOf(stored: StoredWindow | null): Window | null {
  return stored && { startsAt: Date.parse(stored.startsAt), endsAt: Date.parse(stored.endsAt) };
}

export function storedWindow(window: Window | null): StoredWindow | null {
  return (
    window && {
      startsAt: new Date(window.startsAt).toISOString(),
      endsAt: new Date(window.endsAt).toISOString(),
    }
  );
}

export function contentOf(stored: StoredContent): Content {
  return { ...stored, window: windowOf(stored.window) };
}

export function storedContent(content: Content): StoredContent {
  const { name, pin, pinFingerprint } = content;
  return { name, pin, pinFingerprint, window: storedWindow(content.window) };
}

/** Whether a lock that holds `a` holds what `b` says. */
export function sameContent(a: Content, b: Content): boolean {
  return a.name === b.name && a.pinFingerprint === b.pinFingerprint && sameWindow(a.window, b.window);
}

export function sameWindow(a: Window | null, b: Window | null): boolean {
  return a === b || (a !== null && b !== null && a.startsAt === b.startsAt && a.endsAt === b.endsAt);
}
