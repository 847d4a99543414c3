import { DAY, HOUR, iso, MINUTE, SECOND } from '@latchkey/platform';
import type { Account, Device } from '@latchkey/devices';
import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from '../access-code';
import { storedWindow, type Window } from '../content';
import { codeFold } from '../code-fold';
import type { CodeEvent, CodeEventOf, FailureKind, StoredContent } from '../events';
import type { Keypad, Reservation } from '../keypad';
import type { Circumstances, PlanSettings } from '../circumstances';
import { plan, type Step } from '../plan';

/** The instant that the specifications count from, ms. */
export const T0 = Date.UTC(2026, 5, 1, 12);

export const CODE = 'code-1';
export const OTHER = 'code-2';

export const settings: PlanSettings = {
  preloadLead: 72 * HOUR,
  justInTimeLead: HOUR,
  settingDelayAfter: 5 * MINUTE,
  removalDelayAfter: 5 * MINUTE,
  reservationGrace: 5 * MINUTE,
  readBackAfter: 5 * SECOND,
};

/** An event with its instant, ms. */
export function at(instant: number, event: CodeEvent): Happened<CodeEvent> {
  return { ...event, at: instant };
}

export function pin(fingerprint: string): { pin: { keyId: string; box: string }; pinFingerprint: string } {
  return { pin: { keyId: 'key-1', box: `sealed-${fingerprint}` }, pinFingerprint: fingerprint };
}

export type Requested = CodeEventOf<'CodeRequested'>['data'];

export function requested(schedule: Window | null, more: Partial<Requested> = {}): CodeEvent {
  return {
    type: 'CodeRequested',
    data: {
      codeId: CODE,
      workspaceId: 'workspace-1',
      deviceId: 'device-1',
      accountId: 'account-1',
      name: 'Guest',
      ...pin('pin-a'),
      schedule: storedWindow(schedule),
      preferNativeScheduling: true,
      externalModificationAllowed: false,
      commonCodeKey: null,
      isOneTimeUse: false,
      usesBackupPool: false,
      isBackup: false,
      ...more,
    },
  };
}

export function content(window: Window | null, more: Partial<StoredContent> = {}): StoredContent {
  return { name: 'Guest', ...pin('pin-a'), window: storedWindow(window), ...more };
}

export function programming(
  commandId: string,
  operation: 'create' | 'change',
  of: StoredContent,
  deadline: number,
  lockCodeId: string | null = operation === 'change' ? 'lock-code-1' : null,
): CodeEvent {
  return {
    type: 'ProgrammingStarted',
    data: { commandId, operation, lockCodeId, content: of, attempt: 1, deadline: iso(deadline) },
  };
}

export function removalSent(
  commandId: string,
  purpose: 'removal' | 'withdrawal',
  deadline: number,
  lockCodeId = 'lock-code-1',
): CodeEvent {
  return {
    type: 'RemovalSent',
    data: { commandId, lockCodeId, purpose, attempt: 1, deadline: iso(deadline) },
  };
}

export function failure(
  type: 'ProgrammingFailed' | 'RemovalFailed',
  commandId: string,
  kind: FailureKind,
  retryAt: number | null,
  errorCode = 'LOCK_JAMMED',
): CodeEvent {
  return {
    type,
    data: {
      commandId,
      errorCode,
      message: 'no',
      kind,
      retryAt: retryAt === null ? null : iso(retryAt),
    },
  };
}

/** Requested at T0 and set on the lock at once, or preloaded where its window lies ahead. */
export function onLock(
  schedule: Window | null,
  native: boolean,
  more: Partial<Requested> = {},
  since = T0,
): Happened<CodeEvent>[] {
  const wanted = requested(schedule, more);
  const { name, pin, pinFingerprint } = wanted.data as Requested;
  const held = content(native ? schedule : null, { name, pin, pinFingerprint });
  const data = { commandId: 'create-1', lockCodeId: 'lock-code-1' };
  const ahead = native && schedule !== null && schedule.startsAt > since;
  return [
    at(T0, wanted),
    at(since, programming('create-1', 'create', held, since + MINUTE)),
    at(since, { type: ahead ? 'ScheduledOnDevice' : 'SetOnDevice', data }),
  ];
}

/** Requested at T0, and its creation sent, unanswered so far. */
export function creating(schedule: Window | null, native: boolean, sentAt = T0): Happened<CodeEvent>[] {
  return [
    at(T0, requested(schedule)),
    at(sentAt, programming('create-1', 'create', content(native ? schedule : null), sentAt + MINUTE)),
  ];
}

export function fold(events: readonly Happened<CodeEvent>[]): AccessCode {
  const code = events.reduce<AccessCode | null>(
    (folded, event) => codeFold.evolve(folded, event),
    codeFold.initial,
  );
  if (!code) throw new Error('these events begin no code');
  return code;
}

export const account: Account = {
  accountId: 'account-1',
  workspaceId: 'workspace-1',
  maker: 'sandbox',
  displayName: 'Sandbox',
  customMetadata: {},
  customerKey: null,
  managesNewDevices: true,
  acceptedCapabilities: ['lock'],
  connectWebviewId: null,
  awaitsFirstSync: false,
  intakes: 1,
  createdAt: T0 - DAY,
  connected: true,
  disconnectedAt: null,
  removedAt: null,
  unreachableSince: null,
  backSince: T0 - DAY,
};

/** Keeps windows by itself. */
export const nativeLock: Device = {
  deviceId: 'device-1',
  workspaceId: 'workspace-1',
  accountId: 'account-1',
  maker: 'sandbox',
  lockId: 'lock-1',
  name: 'Front Door',
  model: null,
  timeZone: null,
  capabilities: {
    nativeScheduling: true,
    supportedCodeLengths: [4],
    codeConstraints: [],
    maxActiveCodes: null,
    canRemotelyLock: true,
    canRemotelyUnlock: true,
  },
  makersCodeLengths: [4],
  reportedCodeLengths: null,
  nickname: null,
  customMetadata: {},
  backupPool: null,
  managed: true,
  addedAt: T0 - DAY,
  online: true,
  offlineBecause: null,
  connectionChangedAt: T0 - DAY,
  removedAt: null,
  deletedAt: null,
  deletedInIntake: null,
  clockTrusted: true,
  batteryLow: false,
};

/** Knows no windows: a code that is on it opens. */
export const simpleLock: Device = {
  ...nativeLock,
  capabilities: { ...nativeLock.capabilities, nativeScheduling: false },
};

export function reservation(
  codeId: string,
  pinFingerprint: string,
  window: Window | null,
  reservedAt = T0,
): Reservation {
  return { codeId, pinFingerprint, window, reservedAt };
}

export function keypadOf(...reservations: Reservation[]): Keypad {
  return { reservations, releasedAt: 0, sinceSnapshot: reservations.length };
}

/** Circumstances at an instant in which all is well, except for `more`. */
export function around(now: number, more: Partial<Circumstances> = {}): Circumstances {
  return { device: nativeLock, account, keypad: keypadOf(), now, settings, ...more };
}

/** What is planned for a code; it has reserved its PIN, unless other reservations are given. */
export function planned(circumstances: Circumstances): (code: AccessCode | null) => Step {
  return (code) => {
    const { keypad } = circumstances;
    if (!code || keypad.reservations.some((r) => r.codeId === code.codeId))
      return plan(CODE, code, circumstances);
    const own = reservation(code.codeId, code.wanted.pinFingerprint, code.wanted.schedule);
    return plan(CODE, code, {
      ...circumstances,
      keypad: { ...keypad, reservations: [...keypad.reservations, own] },
    });
  };
}
