import type { Device } from '@latchkey/devices';
import { firstToTell, type LockCapabilities, nameForLock } from '@latchkey/gateways';
import { type AccessCode, contentsOf } from './access-code';
import { type Content, sameWindow, toldOf, type Window } from './content';

const MINUTE = 60_000;

/** How far ahead of now a start is set when the requested one has passed; doubled when it is refused. */
const AHEAD = MINUTE;
/** A guest does not wait longer than this for the sake of a start. */
const AHEAD_AT_MOST = 10 * MINUTE;
/** A start no further ahead than this may have passed, by the lock's clock, when the lock processed it. */
const MAY_HAVE_PASSED = 5 * MINUTE;

/** Whether a lock takes no start that has passed. */
export function wantsLaterStarts({ codeConstraints }: LockCapabilities): boolean {
  return codeConstraints.some(({ constraintType }) => constraintType === 'start_date_in_future');
}

/** Whether a lock with such a rule may have refused the code for the instant at which it was asked (ms) alone. */
export function refusedForItsStart(rules: LockCapabilities, content: Content, now: number): boolean {
  const { window } = toldOf(content);
  return wantsLaterStarts(rules) && window !== null && window.startsAt <= now + MAY_HAVE_PASSED;
}

/**
 * A content with what is sent instead of its name and window, where the lock does not take them as they are at this
 * instant (ms).
 * @param others the names of other codes on the lock; matters where names must differ there
 */
export function asTold(
  code: AccessCode,
  wanted: Content,
  device: Device,
  now: number,
  others: readonly string[] = [],
): Content {
  const {
    known: { plainName: plain, distinctName: distinct },
    codeId,
  } = code;
  const { name: asked, window: asIs, told: _before, ...rest } = wanted;
  const name = nameForLock(device.capabilities, { name: asked, codeId }, { plain, distinct, others });
  const window = asIs && windowToTell(code, asIs, device, now);
  const same = name === asked && sameWindow(window, asIs);
  return { ...rest, name: asked, window: asIs, ...(same ? {} : { told: { name, window } }) };
}

/** The names that a code has on its lock, or may get by what is under way. */
export function namesOnLock(code: AccessCode): string[] {
  return contentsOf(code).flatMap((content) => toldOf(content).name ?? []);
}

/**
 * The window for a lock that takes no start that has passed: the guest gets in a little later than now. Null: no window
 * is sent and the server keeps the end, where the first start that the lock takes is too far away.
 */
function windowToTell(code: AccessCode, wanted: Window, device: Device, now: number): Window | null {
  if (!wantsLaterStarts(device.capabilities) || wanted.startsAt > now) return wanted;
  const held = code.known.onLock && toldOf(code.known.onLock);
  // It opens the door now, and must not stop doing so for a while.
  if (held?.window === null) return null;
  const refused =
    code.trouble.failure?.of === 'programming' && /INVALID|SCHEDULE/.test(code.trouble.failure.errorCode);
  if (held && held.window.startsAt <= now) {
    // A start that the lock has stays, unless the lock refuses that, too.
    return refused ? null : { startsAt: held.window.startsAt, endsAt: wanted.endsAt };
  }
  const ahead = Math.min(AHEAD * 2 ** (refused ? code.trouble.failedAttempts : 0), AHEAD_AT_MOST);
  const startsAt = firstToTell(device, now + ahead);
  const soonEnough = startsAt <= now + AHEAD_AT_MOST && startsAt < wanted.endsAt;
  return soonEnough ? { startsAt, endsAt: wanted.endsAt } : null;
}
