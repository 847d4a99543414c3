import type { LockCapabilities } from '@latchkey/gateways';
import type { AccessCode, InFlight } from './access-code';
import { type Content, sameWindow, storedWindow, toldOf, type Window } from './content';
import type { CodeEvent, CodeEventOf, RemovalCause, SealedPin } from './events';
import { absent, beingRemoved } from './refused';
import { kindOf, type Trouble } from './refusals';
import { endOf, isForgotten, isGone, isUnmanaged, mayTurnUpOf } from './life';

/** A new code. Repeated with the same id it changes nothing. */
export function request(code: AccessCode | null, data: CodeEventOf<'CodeRequested'>['data']): CodeEvent[] {
  return code ? [] : [{ type: 'CodeRequested', data }];
}

export interface Changes {
  readonly name?: string | null;
  readonly pin?: SealedPin;
  readonly pinFingerprint?: string;
  readonly schedule?: Window | null;
  readonly preferNativeScheduling?: boolean;
  readonly externalModificationAllowed?: boolean;
  readonly usesBackupPool?: boolean;
  /** Request the change again, whether anything differs or not. */
  readonly again?: boolean;
}

/**
 * Changes a code. The event has only what differs; a change that the lock has refused for good is tried again even if
 * nothing differs.
 * @throws {Refusal} for a code that is gone or being removed
 */
export function change(code: AccessCode | null, wanted: Changes): CodeEvent[] {
  const live = existing(code);
  // Let go of meanwhile: it can't be changed any more.
  if (isUnmanaged(live)) throw absent();
  if (endOf(live)) {
    throw beingRemoved();
  }
  const data: Mutable<CodeEventOf<'ChangeRequested'>['data']> = {};
  if (wanted.name !== undefined && wanted.name !== live.wanted.name) data.name = wanted.name;
  if (wanted.pin && wanted.pinFingerprint && wanted.pinFingerprint !== live.wanted.pinFingerprint) {
    data.pin = wanted.pin;
    data.pinFingerprint = wanted.pinFingerprint;
  }
  if (wanted.schedule !== undefined && !sameWindow(wanted.schedule, live.wanted.schedule)) {
    data.schedule = storedWindow(wanted.schedule);
  }
  if (
    wanted.preferNativeScheduling !== undefined &&
    wanted.preferNativeScheduling !== live.wanted.preferNativeScheduling
  ) {
    data.preferNativeScheduling = wanted.preferNativeScheduling;
  }
  if (
    wanted.externalModificationAllowed !== undefined &&
    wanted.externalModificationAllowed !== live.wanted.externalModificationAllowed
  ) {
    data.externalModificationAllowed = wanted.externalModificationAllowed;
  }
  if (wanted.usesBackupPool !== undefined && wanted.usesBackupPool !== live.wanted.usesBackupPool) {
    data.usesBackupPool = wanted.usesBackupPool;
  }
  const tryAgain = wanted.again === true && live.trouble.failure?.kind === 'permanent';
  return Object.keys(data).length === 0 && !tryAgain ? [] : [{ type: 'ChangeRequested', data }];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Deletes a code. One that was never sent to a lock is gone at once; an expired one that the workspace's setting kept
 * readable is forgotten.
 * @throws {Refusal} for a code that is gone
 */
export function remove(code: AccessCode | null): CodeEvent[] {
  const live = existing(code, 'readable');
  if (isGone(live)) return [{ type: 'Forgotten', data: {} }];
  if (endOf(live)?.cause === 'deleted') return [];
  const started: CodeEvent = { type: 'RemovalStarted', data: { cause: 'deleted' } };
  return untouched(live) ? [started, removed(live, 'deleted')] : [started];
}

/** Nothing of the code can be on its lock. */
export function untouched(code: AccessCode): boolean {
  return code.known.onLock === null && code.known.inFlight === null && mayTurnUpOf(code) === null;
}

function existing(code: AccessCode | null, expired?: 'readable'): AccessCode {
  const gone = code !== null && isGone(code);
  if (!code || isForgotten(code) || (gone && !(expired && endOf(code)?.cause === 'expired'))) {
    throw absent();
  }
  return code;
}

export function removed(code: AccessCode, cause: RemovalCause): CodeEvent {
  return { type: 'Removed', data: { cause, wasOnDevice: code.known.everOnLock } };
}

/** The maker took the command; nothing is certain yet. */
export function accepted(code: AccessCode | null, commandId: string, lockCodeId: string): CodeEvent[] {
  const inFlight = underWay(code, commandId);
  if (!inFlight || inFlight.lockCodeId === lockCodeId) return [];
  return [{ type: 'ProgrammingAccepted', data: { commandId, lockCodeId } }];
}

export function unanswered(code: AccessCode | null, commandId: string): CodeEvent[] {
  const inFlight = underWay(code, commandId);
  return inFlight && inFlight.unansweredAt === null
    ? [{ type: 'CommandUnanswered', data: { commandId } }]
    : [];
}

/** Who sent the command is gone, and so is its answer, unless that of a creation was recorded. */
export function leftUnanswered(code: AccessCode | null, commandId: string): CodeEvent[] {
  const inFlight = underWay(code, commandId);
  const isAccepted = inFlight?.operation === 'create' && inFlight.lockCodeId !== null;
  return isAccepted ? [] : unanswered(code, commandId);
}

function underWay(code: AccessCode | null, commandId: string): InFlight | null {
  return code?.known.inFlight?.commandId === commandId ? code.known.inFlight : null;
}

/** The command failed. */
export function failed(code: AccessCode | null, commandId: string, trouble: Trouble): CodeEvent[] {
  const inFlight = underWay(code, commandId);
  if (!inFlight) return [];
  const removing = inFlight.content === null;
  if (trouble.errorCode === 'NOT_FOUND') {
    if (removing) return gone(code!, inFlight);
    if (inFlight.operation === 'change') return erased(code!);
  }
  const kind = trouble.outage ? 'outage' : kindOf(trouble, inFlight.content);
  return [
    {
      type: removing ? 'RemovalFailed' : 'ProgrammingFailed',
      data: {
        commandId,
        errorCode: trouble.errorCode,
        message: trouble.message,
        kind,
        retryAt: kind === 'permanent' ? null : new Date(trouble.retryAt).toISOString(),
      },
    },
  ];
}

/** Somebody else has taken it off the lock; a one-time code is then used up in any case. */
export function erased(code: AccessCode): CodeEvent[] {
  if (code.wanted.isOneTimeUse) {
    const end = endOf(code);
    if (end) return [removed(code, end.cause)];
    return [{ type: 'RemovalStarted', data: { cause: 'expired' } }, removed(code, 'expired')];
  }
  return [{ type: 'RemovedExternally', data: { accepted: code.wanted.externalModificationAllowed } }];
}

/** It has opened the door, which uses up a one-time code. */
export function usedUp(code: AccessCode | null): CodeEvent[] {
  if (!code?.wanted.isOneTimeUse || endOf(code) || isGone(code)) return [];
  return [{ type: 'RemovalStarted', data: { cause: 'expired' } }];
}

/** The lock holds what the command in flight was to set. */
export function confirmed(
  code: AccessCode,
  inFlight: InFlight,
  entry: { readonly lockCodeId: string; readonly masked?: true | undefined },
  now: number,
): CodeEvent[] {
  const { lockCodeId } = entry;
  const masked = entry.masked ? { masked: entry.masked } : {};
  const { commandId, content } = inFlight;
  if (!content) return [];
  const { window } = toldOf(content);
  const ahead = window !== null && window.startsAt > now;
  if (inFlight.operation === 'change') {
    const events: CodeEvent[] = [{ type: 'ChangedOnDevice', data: { commandId, ...masked } }];
    if (code.known.setAt === null && !ahead)
      events.push({ type: 'SetOnDevice', data: { commandId: null, lockCodeId } });
    return events;
  }
  return [{ type: ahead ? 'ScheduledOnDevice' : 'SetOnDevice', data: { commandId, lockCodeId, ...masked } }];
}

/** The lock no longer holds what the command in flight was to remove. */
export function gone(code: AccessCode, inFlight: InFlight): CodeEvent[] {
  if (inFlight.operation === 'withdrawal' && !endOf(code)) {
    return [{ type: 'WithdrawnFromDevice', data: { commandId: inFlight.commandId } }];
  }
  return [removed(code, endOf(code)?.cause ?? 'deleted')];
}

/** What a lock reports of a code by itself. */
export interface Outcome {
  readonly operation: 'created' | 'updated' | 'deleted';
  readonly lockCodeId: string;
  readonly success: boolean;
  readonly errorCode: string | null;
  readonly retryAt: number;
  /** The lock's rules; left out where they are not known. */
  readonly rules?: LockCapabilities;
}

/**
 * What follows from a lock's report about a code. A report names the code on the lock, not the command: for a creation
 * or a removal that is enough, since every creation has an id of its own; a report of a change may be about an earlier
 * one, so the lock is read back.
 */
export function reported(code: AccessCode | null, outcome: Outcome, now: number): CodeEvent[] | 'read-back' {
  if (!code) return [];
  const { inFlight, onLock } = code.known;
  if (!inFlight) {
    if (isUnmanaged(code)) return outcome.success && !isGone(code) ? 'read-back' : [];
    // Somebody else may have erased or changed it; or it is an old report, of a code that was set again since.
    const changed = outcome.operation !== 'created' && outcome.success;
    return changed && onLock?.lockCodeId === outcome.lockCodeId ? 'read-back' : [];
  }
  if (inFlight.lockCodeId !== outcome.lockCodeId) return [];
  if (outcome.operation === 'updated') return 'read-back';
  if (outcome.operation === 'created') {
    if (inFlight.operation !== 'create') return [];
    return outcome.success
      ? confirmed(code, inFlight, outcome, now)
      : failed(code, inFlight.commandId, troubleOf(outcome, now));
  }
  if (inFlight.content !== null) return 'read-back';
  return outcome.success ? gone(code, inFlight) : failed(code, inFlight.commandId, troubleOf(outcome, now));
}

function troubleOf({ errorCode: told, retryAt, rules }: Outcome, at: number): Trouble {
  const errorCode = told ?? 'UNKNOWN';
  const message = `the lock reported ${errorCode}`;
  return { errorCode, message, retryAt, ...(rules ? { under: { rules, at } } : {}) };
}

/** What a code is to leave on the lock, in the lock's terms. */
export function contentFor(code: AccessCode, native: boolean): Content {
  const { name, pin, pinFingerprint } = code.wanted;
  return { name, pin, pinFingerprint, window: native ? code.wanted.schedule : null };
}
