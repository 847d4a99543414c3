import type { Device } from '@latchkey/devices';
import type { Vault } from '@latchkey/platform';
import type { AccessCode, Window } from './domain/access-code';
import { overlap } from './domain/keypad';
import type { Streams } from './streams';

/** PINs on a lock that its rules about other codes look at; empty where it has no such rules. */
export interface NeighbouringPins {
  /** Of codes whose window overlaps: none may begin with the same four digits. */
  readonly others: readonly string[];
  /** Known to be of the set that the lock takes PINs from; there may be more that nobody here knows of. */
  readonly ofItsSet: readonly string[];
}

export const NO_NEIGHBOURS: NeighbouringPins = { others: [], ofItsSet: [] };

/**
 * Opens the PINs of the other codes on a lock, but only for a lock that has rules about them.
 * @param except the code that is asked for
 */
export async function neighbouringPins(
  { deviceId, capabilities }: Device,
  { codeId: except, window }: { readonly codeId: string; readonly window: Window | null },
  streams: Pick<Streams, 'reservations' | 'codes'>,
  vault: Vault,
): Promise<NeighbouringPins> {
  const has = (rule: string) => capabilities.codeConstraints.some((one) => one.constraintType === rule);
  const [firstFour, set] = [has('unique_first_four_digits'), has('pin_code_matches_existing_set')];
  if (!firstFour && !set) return NO_NEIGHBOURS;
  const others = new Set<string>();
  const ofItsSet = new Set<string>();
  for (const reservation of await streams.reservations(deviceId)) {
    if (reservation.codeId === except) continue;
    const { state } = await streams.codes.load(reservation.codeId);
    for (const pin of state ? await pinsOf(state, vault) : []) {
      if (set) ofItsSet.add(pin);
      if (firstFour && overlap(reservation.window, window)) others.add(pin);
    }
  }
  return { others: [...others], ofItsSet: [...ofItsSet] };
}

/** The PIN that is wanted of a code, and the one that its lock may still hold. */
async function pinsOf({ wanted: { pin }, known: { onLock } }: AccessCode, vault: Vault): Promise<string[]> {
  const opened = await vault.openAll([pin, ...(onLock ? [onLock.pin] : [])]);
  return opened.filter((one) => one !== null);
}
