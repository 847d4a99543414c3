import type { LockCapabilities } from '@latchkey/gateways';
import type { Reservation } from './domain/keypad';
import type { AllPins } from './keypad-pins';

/** Whether a lock takes only one PIN at a time that begins with the same four digits. */
export function tellsByFirstDigits({ codeConstraints }: Pick<LockCapabilities, 'codeConstraints'>): boolean {
  return codeConstraints.some(({ constraintType }) => constraintType === 'unique_first_four_digits');
}

/** The reservations whose PINs begin like this one. */
export function sameFirstDigits(pin: string, all: AllPins): Reservation[] {
  const first = pin.slice(0, 4);
  return [...all].flatMap(([reservation, other]) => (other.startsWith(first) ? [reservation] : []));
}
