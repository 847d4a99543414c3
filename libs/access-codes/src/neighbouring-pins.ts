import type { Device } from '@latchkey/devices';
import type { Window } from './domain/content';
import { overlap } from './domain/keypad';
import type { Streams } from './streams';

/** PINs on a lock that its rules about other codes look at; empty where it has no such rules. */
export interface NeighbouringPins {
  /** Of codes whose window overlaps: none may begin with the same four digits. */
  readonly others: readonly string[];
  /** Known to be in the set from which the lock takes PINs; the set may have more. */
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
  streams: Pick<Streams, 'eachReservedPin'>,
): Promise<NeighbouringPins> {
  const has = (rule: string) => capabilities.codeConstraints.some((one) => one.constraintType === rule);
  const [firstFour, set] = [has('unique_first_four_digits'), has('pin_code_matches_existing_set')];
  if (!firstFour && !set) return NO_NEIGHBOURS;
  const others = new Set<string>();
  const ofItsSet = new Set<string>();
  await streams.eachReservedPin(deviceId, (pin, reservation) => {
    if (reservation.codeId === except) return;
    if (set) ofItsSet.add(pin);
    if (firstFour && overlap(reservation.window, window)) others.add(pin);
  });
  return { others: [...others], ofItsSet: [...ofItsSet] };
}
