import { replacingPersonal } from '@latchkey/event-sourcing';
import type { AccessCode } from './access-code';
import type { CodeEvent } from './events';
import { isGone } from './life';
import { absent, notGone } from './refused';

/**
 * What the code was called is erased, everywhere. Only of a code that is gone: as long as it may open a door, its lock is
 * told its name.
 * @throws {Refusal} for a code that is still there
 */
export function erase(code: AccessCode | null): CodeEvent[] {
  if (!code) throw absent();
  if (code.erasure) return [];
  if (!isGone(code)) throw notGone();
  const { workspaceId, deviceId, accountId } = code;
  return [{ type: 'PersonalDataErased', data: { workspaceId, deviceId, accountId } }];
}

/** It is erased in all that was to be looked at. */
export function erasureCompleted(code: AccessCode | null): CodeEvent[] {
  return code?.erasure === 'begun' ? [{ type: 'ErasureCompleted', data: {} }] : [];
}

/** The same code, without anything that it was called. */
export function withoutNames(code: AccessCode): AccessCode {
  const nameless = replacingPersonal(code, () => null) as AccessCode;
  // It has names under other words.
  return { ...nameless, known: { ...nameless.known, alteredName: null } };
}
