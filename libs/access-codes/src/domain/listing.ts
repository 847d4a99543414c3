import { isNameOf } from '@latchkey/gateways';
import type { AccessCode } from './access-code';
import { type Content, sameWindow, toldOf, type Window } from './content';
import type { CodeEvent, SealedPin } from './events';

/** A code as it was read back from a lock, its PIN as a fingerprint. */
export interface Listed {
  readonly lockCodeId: string;
  readonly name: string | null;
  readonly pinFingerprint: string;
  readonly window: Window | null;
  readonly status: 'active' | 'pending';
  /** The lock does not show the digits: what we sent is taken for what is there. */
  readonly masked?: true;
  /** The PIN sealed for this code: present only where it may be taken over. */
  readonly pin?: SealedPin;
}

export interface ReadBack {
  readonly listed: readonly Listed[];
  /** Codes on the lock that are known to belong to other codes: never taken for this one. */
  readonly claimed: (lockCodeId: string) => boolean;
  readonly now: number;
  /** When to try again what turns out to have failed, ms. */
  readonly retryAt: number;
}

/** `later`: the lock has not decided yet; read it again. */
export type Verdict = readonly CodeEvent[] | 'later';

/** A maker may give the slot of a code that is gone to another code: then the entry is that code's. */
export function entryWith(lockCodeId: string, { listed, claimed }: ReadBack): Listed | undefined {
  return listed.find((entry) => entry.lockCodeId === lockCodeId && !claimed(lockCodeId));
}

/** Whether the lock holds what was sent for a code. */
export function holds(code: AccessCode, listed: Listed, content: Content): boolean {
  return (
    sameName(code, listed, content) &&
    listed.pinFingerprint === content.pinFingerprint &&
    sameWindow(listed.window, toldOf(content).window)
  );
}

/** A lock may alter names. A name that it altered again after it was set back is left as it is. */
export function sameName(code: AccessCode, { name: read }: Listed, content: Content): boolean {
  const { name: told } = toldOf(content);
  if (isNameOf(told, read)) return true;
  const { alteredName } = code.known;
  return alteredName?.told === told && alteredName.read === read;
}

/**
 * Whether an entry may be what came of a creation that nobody has answered: it may be an earlier attempt, for which the
 * lock was told an earlier start.
 */
export function looksLike(listed: Listed, content: Content): boolean {
  const told = toldOf(content);
  if (listed.pinFingerprint !== content.pinFingerprint || !isNameOf(told.name, listed.name)) return false;
  if (sameWindow(listed.window, told.window)) return true;
  const [there, meant] = [listed.window, content.window];
  return (
    content.told !== undefined &&
    there?.endsAt === meant?.endsAt &&
    (there?.startsAt ?? 0) >= (meant?.startsAt ?? 0) &&
    (there?.startsAt ?? 0) <= (told.window?.startsAt ?? 0)
  );
}
