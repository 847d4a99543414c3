import {
  type AccessCode,
  type Content,
  lateChangesOf,
  mayTurnUpOf,
  toldOf,
  type Window,
} from '@latchkey/access-codes';

/**
 * How sure it is that a code opens its door: the lock itself has confirmed it (verified), its maker has promised it
 * (acknowledged), or something was under way or went unanswered, so that it may or may not (unknown).
 */
export type Certainty = 'verified' | 'acknowledged' | 'unknown';

/** What a lock may hold of a code; null: nothing. */
type Possible = Content | null;

export interface Opening {
  readonly certainty: Certainty;
  /** The time frame that was sent to the lock, if it keeps one; of several possible ones, the latest. */
  readonly window: Window | null;
}

/**
 * Whether what a lock is known to hold of a code opens its door.
 * @param mayBeGone it was left on a lock that is no longer managed
 * @param clockTrusted whether the lock keeps time well enough for time frames of its own
 * @returns null: it does not
 */
export function openingAt(
  code: AccessCode,
  at: number,
  { mayBeGone, clockTrusted }: { readonly mayBeGone: boolean; readonly clockTrusted: boolean },
): Opening | null {
  const possible: readonly Possible[] = mayBeGone
    ? [...possibleContents(code), null]
    : possibleContents(code);
  const judged = possible.map((content) => opens(content, at, clockTrusted));
  const open = possible.filter((content, index) => content !== null && judged[index] !== 'no');
  if (open.length === 0) return null;
  const window = toldOf(open.at(-1)!).window;
  if (judged.some((answer) => answer !== 'yes')) return { certainty: 'unknown', window };
  return { certainty: code.known.onLock ? 'verified' : 'acknowledged', window };
}

/** Everything that the lock may hold of a code by what is known of it; never empty. */
function possibleContents(code: AccessCode): readonly Possible[] {
  const { onLock, inFlight } = code.known;
  const mayTurnUp = mayTurnUpOf(code);
  const late = [...(mayTurnUp ? [mayTurnUp] : []), ...lateChangesOf(code)];
  if (!inFlight) return [onLock, ...late];
  const { operation, content, lockCodeId } = inFlight;
  // A maker that has promised to create a code has named its id on the lock.
  if (operation === 'create' && lockCodeId !== null && late.length === 0) return [content];
  return [onLock, ...late, content];
}

function opens(content: Possible, at: number, clockTrusted: boolean): 'yes' | 'no' | 'maybe' {
  if (!content) return 'no';
  const { window } = toldOf(content);
  if (!window) return 'yes';
  // By a wrong clock a time frame begins and ends at unknown instants.
  if (!clockTrusted) return 'maybe';
  return window.startsAt <= at && at < window.endsAt ? 'yes' : 'no';
}
