import { type AccessCode, contentOf, type InFlight, windowOf } from './access-code';
import type { CodeEventOf } from './events';

/** A code as it was asked for, at an instant (ms). */
export function requested(data: CodeEventOf<'CodeRequested'>['data'], at: number): AccessCode {
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

/** The lock does not hold it any more, and nothing is under way. */
export function offTheLock(code: AccessCode): AccessCode {
  return { ...code, onLock: null, inFlight: null, lateChanges: [], setAt: null };
}
