import type { PinOfCode, Vault } from '@latchkey/platform';
import { type AccessCode, contentsOf } from './domain/access-code';
import type { Content } from './domain/content';
import type { SealedPin } from './domain/events';

/** Every PIN that a code has anything to do with, in plain text, as the code's events have it. */
export async function knownPins(code: AccessCode, vault: Vault): Promise<Map<string, PinOfCode>> {
  const all = pinsOf(code);
  const opened = await vault.openAll(all.map(({ pin }) => pin));
  const known = new Map<string, PinOfCode>();
  opened.forEach((plain, n) => {
    if (plain !== null && !known.has(plain)) known.set(plain, all[n]!);
  });
  return known;
}

/** The PIN of a code with a fingerprint of its events; null where they don't have it. */
export function pinWith(code: AccessCode, pinFingerprint: string): SealedPin | null {
  return pinsOf(code).find((each) => each.pinFingerprint === pinFingerprint)?.pin ?? null;
}

function pinsOf(code: AccessCode): PinOfCode[] {
  const contents: Pick<Content, 'pin' | 'pinFingerprint'>[] = [code.wanted, ...contentsOf(code)];
  const found: PinOfCode[] = [];
  for (const content of contents) {
    // An earlier version recorded a foreign PIN by its fingerprint only, beside our own PIN.
    const isOther = found.some(({ pin }) => pin.box === content.pin.box);
    if (!isOther) found.push({ pin: content.pin, pinFingerprint: content.pinFingerprint });
  }
  return found;
}
