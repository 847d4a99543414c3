import type { SealedPin, StoredContent, StoredWindow } from './events';

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
  /** What was sent to the lock instead, where it does not take name or window as they are. */
  readonly told?: Sent;
}

/** What is sent to a lock of a code besides its PIN. */
export interface Sent {
  readonly name: string | null;
  readonly window: Window | null;
}

export interface OnLock extends Content {
  readonly lockCodeId: string;
  readonly since: number;
  /** The lock does not show the digits: the code is known to be there, and was sent with these. */
  readonly masked?: true;
}

/** A creation that was given up as unanswered. */
export interface MayTurnUp extends Content {
  readonly givenUpAt: number;
  /** Where on the lock, where it has numbered places. */
  readonly slot?: number;
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

export function contentOf({ told, ...stored }: StoredContent): Content {
  return {
    ...stored,
    window: windowOf(stored.window),
    ...(told ? { told: { name: told.name, window: windowOf(told.window) } } : {}),
  };
}

export function storedContent(content: Content): StoredContent {
  const { name, pin, pinFingerprint, told } = content;
  return {
    ...{ name, pin, pinFingerprint, window: storedWindow(content.window) },
    ...(told ? { told: { name: told.name, window: storedWindow(told.window) } } : {}),
  };
}

/** What was sent to the lock for a content: the content itself, unless something else was sent instead. */
export function toldOf({ name, window, told }: Content): Sent {
  return told ?? { name, window };
}

/** Whether a lock that holds `a` has the content `b`, whatever was sent instead. */
export function sameContent(a: Content, b: Content): boolean {
  return a.name === b.name && a.pinFingerprint === b.pinFingerprint && sameWindow(a.window, b.window);
}

export function sameWindow(a: Window | null, b: Window | null): boolean {
  return a === b || (a !== null && b !== null && a.startsAt === b.startsAt && a.endsAt === b.endsAt);
}
