import type { Device } from '@latchkey/devices';
import { canKeep } from '@latchkey/gateways';
import type { AccessCode, Wanted } from './access-code';
import { type Content, sameContent, toldOf, type Window } from './content';
import type { Circumstances, LeadTimes, PlanSettings } from './circumstances';
import { contentFor, removed, untouched } from './decisions';
import type { CodeEvent } from './events';
import { leaving } from './leaving';
import { asTold } from './told';
import {
  earlierHolder,
  graceEnds,
  matches,
  lacksReservation,
  staleReservation,
  standsAside,
} from './reservations';
import { backupOf, endOf, isGone, mayTurnUpOf, externalInEffectOf } from './life';

/** The one next thing to do for a code. */
export type Step =
  | { readonly do: 'append'; readonly events: readonly CodeEvent[] }
  | {
      readonly do: 'program';
      readonly operation: 'create' | 'change';
      readonly content: Content;
      /** Of a creation on a lock that has numbered places; null: all of them are taken. */
      readonly slot?: number | null;
    }
  | { readonly do: 'remove'; readonly purpose: 'removal' | 'withdrawal'; readonly lockCodeId: string }
  | { readonly do: 'verify' }
  /** Tell the code that this backup stands in for. */
  | { readonly do: 'hand-over'; readonly toCodeId: string }
  /** Reserve the PIN for the window that the code has come to have in another way than by being asked for. */
  | { readonly do: 'reserve' }
  /** Release PINs that the code no longer needs. */
  | { readonly do: 'release'; readonly pinFingerprint: string | null }
  /** Release the place on the lock: another code may need it sooner. */
  | { readonly do: 'release-slot' }
  /** Gone for good: erase its key, then release its PIN. */
  | { readonly do: 'clean-up' }
  /** Nothing until then, or until something happens; `forKeypad`: or until something leaves the keypad. */
  | { readonly do: 'wait'; readonly until: number | null; readonly forKeypad: boolean };

/**
 * What to do next for a code: compares what should be with what is known, whatever made it due. Pure, so that planning
 * again on the same facts gives the same step.
 */
export function plan(codeId: string, code: AccessCode | null, circumstances: Circumstances): Step {
  const { account, device, now } = circumstances;
  if (!code) return orphan(codeId, circumstances);
  if (isGone(code)) return { do: 'clean-up' };
  const left = leaving(code, device, account);
  if (left.length > 0) return append(...left);
  if (code.life.phase === 'unmanaged') return unmanaged(code, circumstances);
  const backup = backupOf(code);
  if (backup?.is === 'pulled' && !backup.handedOver) return { do: 'hand-over', toCodeId: backup.forCodeId };

  if (!account?.connected && account?.removedAt === null) {
    if (code.trouble.connectionLostAt === null) return append({ type: 'ConnectionLost', data: {} });
    return wait(null);
  }
  const unreachableForGood =
    !device || device.removedAt !== null || account === null || account.removedAt !== null;
  if (unreachableForGood) return withoutDevice(code, now);

  if (code.trouble.connectionLostAt !== null) {
    if (untouched(code)) return append({ type: 'ConnectionRestored', data: {} });
    return account.unreachableSince === null ? { do: 'verify' } : wait(null);
  }

  const due = facts(code, circumstances);
  if (due.length > 0) return append(...due);
  if (account.unreachableSince !== null) return waitForFacts(code, circumstances, null);
  if (code.known.inFlight) return whileInFlight(code, circumstances);

  if (lacksReservation(code, circumstances)) return { do: 'reserve' };
  const stale = staleReservation(code, circumstances);
  if (stale) return { do: 'release', pinFingerprint: stale.pinFingerprint };
  return towards(code, circumstances);
}

function orphan(codeId: string, { keypad, now, settings }: Circumstances): Step {
  const mine = keypad.reservations.filter((r) => r.codeId === codeId);
  if (mine.length === 0) return wait(null);
  const until = Math.max(...mine.map((r) => r.reservedAt)) + settings.reservationGrace;
  return now < until ? wait(until) : { do: 'release', pinFingerprint: null };
}

/** An unmanaged code is left alone; its PIN counts as taken. */
function unmanaged(code: AccessCode, circumstances: Circumstances): Step {
  const { device, account } = circumstances;
  const outOfSight = [device, account].some((one) => one !== null && one.removedAt !== null);
  if (outOfSight) return append({ type: 'UnmanagedCodeGone', data: {} });
  if (lacksReservation(code, circumstances)) return { do: 'reserve' };
  const stale = staleReservation(code, circumstances);
  if (stale) return { do: 'release', pinFingerprint: stale.pinFingerprint };
  return waitForFacts(code, circumstances, null);
}

/** The lock is out of reach for good: a code on it can only be recorded as removed. */
function withoutDevice(code: AccessCode, now: number): Step {
  const end = endOf(code);
  if (end) return append(removed(code, end.cause));
  if (code.wanted.schedule && now >= code.wanted.schedule.endsAt)
    return append({ type: 'RemovalStarted', data: { cause: 'expired' } });
  return wait(code.wanted.schedule?.endsAt ?? null);
}

/**
 * Facts that come with time alone; while the clock is in doubt, a start or end must have come by its earliest reading.
 */
function facts(code: AccessCode, circumstances: Circumstances): CodeEvent[] {
  const { now, settings } = circumstances;
  const certain = now - doubtOf(circumstances);
  if (code.life.phase === 'ending') {
    const { since, delayedAt } = code.life;
    const late = now >= since + settings.removalDelayAfter && delayedAt === null;
    return late && !untouched(code) ? [{ type: 'RemovalDelayed', data: {} }] : [];
  }
  if (code.wanted.schedule && certain >= code.wanted.schedule.endsAt)
    return [{ type: 'RemovalStarted', data: { cause: 'expired' } }];
  const { native, wanted } = desired(code, circumstances);
  if (!wanted || accepted(code)) return [];
  const { onLock } = code.known;
  if (onLock) {
    const ahead = native && certain < opensFrom(code);
    return !ahead && code.known.setAt === null && sameContent(onLock, wanted)
      ? [{ type: 'SetOnDevice', data: { commandId: null, lockCodeId: onLock.lockCodeId } }]
      : [];
  }
  const events: CodeEvent[] = [];
  if (code.trouble.settingDelayedAt === null && now >= delayedAt(code, native, circumstances)) {
    events.push({ type: 'SettingDelayed', data: {} });
  }
  if (code.trouble.startMissedAt === null && certain >= missedAt(code, native, settings)) {
    events.push({ type: 'StartMissed', data: {} });
  }
  return events;
}

/** How far the clock of another process may be ahead, ms. */
const AHEAD_OF_OTHERS = 5_000;

/**
 * Whether something happened at an instant that is still to come: then the clock was set back since, and waiting for
 * that instant makes no sense.
 */
function wasPutBack(now: number, happenedAt: number): boolean {
  return now < happenedAt - AHEAD_OF_OTHERS;
}

function whileInFlight(code: AccessCode, circumstances: Circumstances): Step {
  const { now, settings } = circumstances;
  const { deadline, sentAt, unansweredAt } = code.known.inFlight!;
  if (wasPutBack(now, sentAt)) return { do: 'verify' };
  const lookAt = unansweredAt === null ? deadline : Math.min(deadline, unansweredAt + settings.readBackAfter);
  return now >= lookAt ? { do: 'verify' } : waitForFacts(code, circumstances, lookAt);
}

/** From what the lock holds to what it should hold. */
function towards(code: AccessCode, circumstances: Circumstances): Step {
  const { now } = circumstances;
  const { native, wanted, from } = desired(code, circumstances);
  const { onLock } = code.known;

  const end = endOf(code);
  if (end) {
    if (onLock)
      return gated(code, circumstances, { do: 'remove', purpose: 'removal', lockCodeId: onLock.lockCodeId });
    return mayTurnUpOf(code) ? { do: 'verify' } : append(removed(code, end.cause));
  }
  if (!wanted) {
    if (holdsEmptySlot(code, circumstances)) return { do: 'release-slot' };
    if (!onLock) return waitForFacts(code, circumstances, from);
    return gated(code, circumstances, { do: 'remove', purpose: 'withdrawal', lockCodeId: onLock.lockCodeId });
  }
  const earlier = earlierHolder(code, circumstances);
  if (onLock && earlier && standsAside(code, earlier, latestOf(circumstances))) {
    return gated(code, circumstances, { do: 'remove', purpose: 'withdrawal', lockCodeId: onLock.lockCodeId });
  }
  if (accepted(code) && holdsEmptySlot(code, circumstances)) return { do: 'release-slot' };
  if (accepted(code) || (onLock && sameContent(onLock, wanted))) {
    return waitForFacts(code, circumstances, native && now < opensFrom(code) ? opensFrom(code) : null);
  }
  // A code that has its PIN on the lock already need not wait for it.
  if (earlier && onLock?.pinFingerprint !== wanted.pinFingerprint)
    return waitForFacts(code, circumstances, null, true);
  return gated(code, circumstances, {
    do: 'program',
    operation: onLock ? 'change' : 'create',
    content: asTold(code, wanted, circumstances.device!, now),
  });
}

/** Nothing of the code is on the lock, or may come to be, in the place that is still the code's. */
function holdsEmptySlot(code: AccessCode, { keypad }: Circumstances): boolean {
  return keypad.slot !== undefined && untouched(code);
}

/** When a lock that keeps windows opens to the code, ms: later than its start where the lock was told so. */
function opensFrom({ wanted: { schedule }, known: { onLock } }: AccessCode): number {
  return (onLock && toldOf(onLock).window?.startsAt) ?? schedule?.startsAt ?? 0;
}

/** Somebody erased the code, and that was accepted. */
function accepted(code: AccessCode): boolean {
  return externalInEffectOf(code)?.change === 'removed' && code.known.onLock === null;
}

/** After a failure of the same kind of step: not before its time, unless what stood in the way has gone. */
function gated(code: AccessCode, circumstances: Circumstances, step: Step): Step {
  const { failure } = code.trouble;
  if (failure?.of !== (step.do === 'program' ? 'programming' : 'removal')) return step;
  if (failure.kind === 'permanent') return waitForFacts(code, circumstances, null);
  const { device, account, keypad, now } = circumstances;
  const cleared =
    (failure.kind === 'keypad' && keypad.releasedAt > failure.at) ||
    (failure.kind === 'offline' && device!.online && device!.connectionChangedAt > failure.at) ||
    (failure.kind === 'outage' && account!.backSince > failure.at) ||
    wasPutBack(now, failure.at);
  if (cleared || failure.retryAt === null || now >= failure.retryAt) return step;
  return waitForFacts(code, circumstances, failure.retryAt, failure.kind === 'keypad');
}

/** Whether the lock is left to keep the window by itself. */
export function isNative(
  { schedule, preferNativeScheduling }: Pick<Wanted, 'schedule' | 'preferNativeScheduling'>,
  device: Device | null,
): boolean {
  return (
    schedule !== null &&
    preferNativeScheduling &&
    device !== null &&
    device.capabilities.nativeScheduling &&
    device.clockTrusted &&
    canKeep(device, schedule)
  );
}

/** When the code is to be on the lock from, ms. */
export function neededFrom(code: AccessCode, native: boolean, settings: LeadTimes): number {
  if (!code.wanted.schedule) return code.requestedAt;
  return Math.max(code.requestedAt, leadOf(code.wanted.schedule, native, settings));
}

/** How early a code may be on its lock at all, ms. */
function leadOf({ startsAt }: Window, native: boolean, settings: LeadTimes): number {
  return startsAt - (native ? settings.preloadLead : settings.justInTimeLead);
}

/** What should be on the lock now: null before `from`, ms, unless it is there already. */
export function desired(
  code: AccessCode,
  circumstances: Omit<Circumstances, 'keypad'>,
): { native: boolean; wanted: Content | null; from: number } {
  const { device, now, settings } = circumstances;
  const native = isNative(code.wanted, device);
  // Not when it was asked for: the clock may have been ahead then, and corrected since.
  const from = code.wanted.schedule ? leadOf(code.wanted.schedule, native, settings) : -Infinity;
  const begun = now - doubtOf(circumstances) >= from;
  // What a lock keeps by itself may stay on it, however far its window has moved away; and what it was time for
  // before the clock was set back stays, since a guest may be in the middle of their stay.
  const there =
    code.known.onLock !== null &&
    ((native && code.known.onLock.window !== null) || latestOf(circumstances) >= from);
  const wanted = !endOf(code) && ((now >= from && begun) || there) ? contentFor(code, native) : null;
  return { native, wanted, from: begun ? from : from + doubtOf(circumstances) };
}

const latestOf = ({ now, latest = now }: Pick<Circumstances, 'now' | 'latest'>): number =>
  Math.max(now, latest);

/** By how much the clock may be ahead, ms: it was set forward, perhaps wrongly. */
const doubtOf = ({ now, earliest = now }: Pick<Circumstances, 'now' | 'earliest'>): number =>
  Math.max(0, now - earliest);

/** Since when it could have been on the lock, ms; for a code that somebody erased, since then. */
function awaitedFrom(code: AccessCode, native: boolean, settings: PlanSettings): number {
  const {
    trouble: { externalConflict },
    wanted: { at: wantedAt },
  } = code;
  const erasedAt = externalConflict?.change === 'removed' ? externalConflict.at : wantedAt;
  return Math.max(neededFrom(code, native, settings), wantedAt, erasedAt);
}

/** A code that waits for its PIN to become free is not delayed by that, as long as it is another code's time. */
function delayedAt(code: AccessCode, native: boolean, circumstances: Circumstances): number {
  const { keypad, settings } = circumstances;
  const free = earlierHolder(code, circumstances)?.window?.endsAt ?? keypad.releasedAt;
  return Math.max(awaitedFrom(code, native, settings), free) + settings.settingDelayAfter;
}

/** Its start, if it had time to get onto the lock before. */
function missedAt(code: AccessCode, native: boolean, settings: PlanSettings): number {
  const from = awaitedFrom(code, native, settings);
  return code.wanted.schedule && from < code.wanted.schedule.startsAt
    ? code.wanted.schedule.startsAt
    : Number.POSITIVE_INFINITY;
}

/** Waits, but not past the instant of the next fact that comes with time. */
function waitForFacts(
  code: AccessCode,
  circumstances: Circumstances,
  until: number | null,
  forKeypad = false,
): Step {
  const { now, settings, device, keypad } = circumstances;
  const instants: number[] = [];
  if (until !== null) instants.push(until);
  if (code.life.phase === 'ending') {
    if (code.life.delayedAt === null) instants.push(code.life.since + settings.removalDelayAfter);
  } else if (code.life.phase === 'managed') {
    const native = isNative(code.wanted, device);
    const doubt = doubtOf(circumstances);
    if (code.wanted.schedule) instants.push(code.wanted.schedule.endsAt + doubt);
    if (native && code.known.setAt === null) instants.push(opensFrom(code) + doubt);
    if (!code.known.onLock && !accepted(code)) {
      if (code.trouble.settingDelayedAt === null) instants.push(delayedAt(code, native, circumstances));
      if (code.trouble.startMissedAt === null) instants.push(missedAt(code, native, settings) + doubt);
    }
  }
  for (const r of keypad.reservations) {
    if (r.codeId !== code.codeId) continue;
    if (r.pinFingerprint !== code.wanted.pinFingerprint || (!endOf(code) && !matches(r, code))) {
      instants.push(graceEnds(code, r, settings));
    }
  }
  const ahead = instants.filter((instant) => instant > now && Number.isFinite(instant));
  return wait(ahead.length > 0 ? Math.min(...ahead) : null, forKeypad);
}

function wait(until: number | null, forKeypad = false): Step {
  return { do: 'wait', until, forKeypad };
}

function append(...events: CodeEvent[]): Step {
  return { do: 'append', events };
}
