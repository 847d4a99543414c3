import type { ListedCode } from '@latchkey/gateways';
import type { PinOfCode, Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import type { Content } from '../domain/content';
import type { Listed } from '../domain/listing';
import { knownPins } from '../known-pins';
import { managedOtherwise, mayTurnUpOf } from '../domain/life';

/** For PINs that are not the code's: a fingerprint that no PIN has. */
const UNKNOWN = '';

/**
 * A listing as one code sees it: PINs by the fingerprints that the code's events have for them. A new PIN in the code's
 * own place on the lock is sealed for the code.
 */
export async function listedForCode(
  code: AccessCode,
  read: readonly ListedCode[],
  vault: Vault,
): Promise<Listed[]> {
  const { inFlight, onLock } = code.known;
  const mayTurnUp = mayTurnUpOf(code);
  // Nothing in a listing can be about it. Most codes of a lock are still to come, and opening their PINs takes time.
  if (!inFlight && !onLock && !mayTurnUp && code.life.phase !== 'unmanaged') return [];
  const known = await knownPins(code, vault);
  const awaitedAt = mayTurnUp?.slot === undefined ? undefined : String(mayTurnUp.slot);
  const lockCodeId = inFlight?.lockCodeId ?? onLock?.lockCodeId ?? awaitedAt;
  const told = inFlight?.content ?? onLock ?? mayTurnUp;
  // Whether the lock holds that PIN can't be known any more. It is left as it is: a key made again under the same
  // id would be another one, and one that was erased stays erased.
  const isUnreadable = told !== null && !isIn(known, told) && (await isLost(told, vault));
  const listed: Listed[] = [];
  for (const { pin, ...rest } of read) {
    const found = pin === null ? undefined : known.get(pin);
    if (pin === null) listed.push({ ...rest, ...maskedAs(rest.lockCodeId === lockCodeId ? told : null) });
    else if (found) listed.push({ ...rest, pinFingerprint: found.pinFingerprint });
    else if (rest.lockCodeId !== lockCodeId) listed.push({ ...rest, pinFingerprint: UNKNOWN });
    else if (isUnreadable) listed.push({ ...rest, pinFingerprint: told.pinFingerprint });
    else listed.push({ ...rest, ...(await vault.sealPin(code.wanted.pin.keyId, pin)) });
  }
  return listed;
}

/** A code whose digits the lock does not show: where it is ours, it is what was sent to the lock. */
function maskedAs(told: Content | null): { readonly pinFingerprint: string; readonly masked: true } {
  return { pinFingerprint: told?.pinFingerprint ?? UNKNOWN, masked: true };
}

function isIn(known: ReadonlyMap<string, PinOfCode>, { pinFingerprint }: Content): boolean {
  return [...known.values()].some((one) => one.pinFingerprint === pinFingerprint);
}

/** Its PIN can't be read: the key is missing, or was erased. */
const isLost = async ({ pin }: Content, vault: Vault): Promise<boolean> =>
  (await vault.openAll([pin]))[0] === null;

/** A listing with plain PINs in place of fingerprints: for comparing only. */
export function listedPlainly(read: readonly ListedCode[]): Listed[] {
  return read.map(({ pin, ...rest }) => ({
    ...rest,
    ...(pin === null ? maskedAs(null) : { pinFingerprint: pin }),
  }));
}

export async function awaitedPlainly(code: AccessCode, vault: Vault): Promise<AccessCode> {
  const plainly = async <C extends Content>(content: C): Promise<C> => {
    const [pin] = await vault.openAll([content.pin]);
    return { ...content, pinFingerprint: pin ?? UNKNOWN };
  };
  const { inFlight } = code.known;
  const mayTurnUp = mayTurnUpOf(code);
  return {
    ...code,
    known: {
      ...code.known,
      inFlight: inFlight && { ...inFlight, content: inFlight.content && (await plainly(inFlight.content)) },
    },
    life: managedOtherwise(code.life, { mayTurnUp: mayTurnUp && (await plainly(mayTurnUp)) }),
  };
}
