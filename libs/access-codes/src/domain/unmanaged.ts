import { Refusal } from '@latchkey/event-sourcing';
import { absent, beingRemoved, type CodeRefusal } from './refused';
import type { AccessCode } from './access-code';
import { type Content, sameContent, storedContent } from './content';
import type { CodeEvent, CodeEventOf } from './events';
import { entryWith, holds, type Listed, looksLike, type ReadBack, type Verdict } from './listing';
import { endOf, isGone, isUnmanaged, keptOf, mayTurnUpOf } from './life';

/** A code on the lock that somebody else put there. Seen again under the same id, it changes nothing. */
export function see(
  code: AccessCode | null,
  data: CodeEventOf<'UnmanagedCodeSeen'>['data'],
): readonly CodeEvent[] {
  return code ? [] : [{ type: 'UnmanagedCodeSeen', data }];
}

/** What a read-back shows of an unmanaged code. */
export function reconcileUnmanaged(code: AccessCode, readBack: ReadBack): Verdict {
  const { onLock } = code.known;
  const entry = onLock && entryWith(onLock.lockCodeId, readBack);
  if (!entry || !onLock) return [{ type: 'UnmanagedCodeGone', data: {} }];
  // Somebody is about to change it: what it will be, the next reading shows.
  const same = onLock.told ? holds(code, entry, onLock) : sameContent({ ...entry, pin: onLock.pin }, onLock);
  if (entry.status === 'pending' || same) return [];
  const { name, pinFingerprint, window } = entry;
  const pin = pinFingerprint === onLock.pinFingerprint ? onLock.pin : entry.pin;
  if (!pin) return [];
  const content = storedContent({ name, pin, pinFingerprint, window });
  return [{ type: 'UnmanagedCodeChanged', data: { content } }];
}

/**
 * The entries of a listing that belong to no known code. While a creation of ours is unanswered, an entry that looks
 * like it may be ours; and what a lock has only promised is not there yet.
 * @param known the lock's ids of codes that are known already, ours or not
 * @param codes all that is known of the codes on the lock, as of after the listing
 */
export function unknownAmong(
  listed: readonly Listed[],
  known: ReadonlySet<string>,
  codes: readonly AccessCode[],
): Listed[] {
  const awaited: Content[] = [];
  const held = new Set<string | null | undefined>();
  for (const code of codes) {
    const { onLock, inFlight } = code.known;
    held.add(onLock?.lockCodeId).add(inFlight?.lockCodeId);
    if (inFlight?.operation === 'create' && inFlight.content) awaited.push(inFlight.content);
    const mayTurnUp = mayTurnUpOf(code);
    if (mayTurnUp) awaited.push(mayTurnUp);
    if (mayTurnUp?.slot !== undefined) held.add(String(mayTurnUp.slot));
  }
  return listed.filter(
    (entry) =>
      entry.status === 'active' &&
      !known.has(entry.lockCodeId) &&
      !held.has(entry.lockCodeId) &&
      !awaited.some((content) => looksLike(entry, content)),
  );
}

/**
 * An unmanaged code becomes managed, as it is on the lock. Repeated it changes nothing.
 * @throws {Refusal} for a code that is gone or being removed
 */
export function takeIntoManagement(
  code: AccessCode | null,
  externalModificationAllowed: boolean,
): CodeEvent[] {
  if (!code || isGone(code)) throw absent();
  if (endOf(code)) throw beingRemoved();
  return isUnmanaged(code) ? [{ type: 'TakenIntoManagement', data: { externalModificationAllowed } }] : [];
}

/** A managed code has the PIN already: recorded once for each such code. */
export function refuseConversion(code: AccessCode | null, byCodeId: string): CodeEvent[] {
  const kept = code && keptOf(code);
  if (kept?.phase !== 'unmanaged' || kept.conversionRefused?.byCodeId === byCodeId) return [];
  return [{ type: 'ConversionRefused', data: { byCodeId } }];
}

/**
 * A managed code becomes unmanaged, and stays on the lock.
 * @throws {Refusal} for a code that is gone or being removed, or that the lock is not known to hold as it should
 */
export function letGo(code: AccessCode | null): CodeEvent[] {
  if (!code || isGone(code)) throw absent();
  if (endOf(code)) throw beingRemoved();
  if (isUnmanaged(code)) return [];
  const { onLock, inFlight } = code.known;
  if (!onLock || inFlight || mayTurnUpOf(code) || onLock.pinFingerprint !== code.wanted.pinFingerprint) {
    throw Refusal.untimely<CodeRefusal>(
      'not-set-on-device',
      'Only an access code that is set on its device can be let go of there.',
    );
  }
  return [{ type: 'LetGo', data: {} }];
}
