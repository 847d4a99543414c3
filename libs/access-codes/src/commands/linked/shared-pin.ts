import type { Device } from '@latchkey/devices';
import { drawPin, type LockCapabilities, violations } from '@latchkey/gateways';
import type { Random } from '@latchkey/platform';
import type { Window } from '../../domain/content';
import type { NeighbouringPins } from '../../neighbouring-pins';
import { startToTell } from '../../pins';
import type { IsFree } from '../../streams';

/** A device, and what is free on it. */
export interface Door {
  readonly device: Device;
  /** Whether no code, managed or not, has a PIN on it in a window. */
  readonly isFree: IsFree;
  readonly neighbours: NeighbouringPins;
}

/** Whether the device would take the PIN. */
export function takes(
  door: Door,
  pin: string,
  wanted: { readonly window: Window | null; readonly native: boolean; readonly now: number },
): boolean {
  const startsAt = startToTell(door.device, wanted.window, wanted.native);
  const proposal = { pin, startsAt, now: wanted.now, otherPins: door.neighbours.others };
  return violations(door.device.capabilities, proposal).length === 0 && door.isFree(pin, wanted.window);
}

/** A PIN that every one of the devices takes and that is free on all of them; null if there is none. */
export function drawShared(
  doors: readonly Door[],
  window: Window | null,
  preferredLength: number | undefined,
  random: Random,
): string | null {
  const free = (pin: string) =>
    doors.every((door) => door.isFree(pin, window) && fitsBesideOthers(door, pin));
  const sets = doors.map(({ neighbours }) => neighbours.ofItsSet).filter((set) => set.length > 0);
  const [first = [], ...rest] = sets;
  const inAll = first.filter((pin) => rest.every((set) => set.includes(pin)));
  const rules = together(doors.map(({ device }) => device.capabilities));
  return drawPin(rules, random, free, preferredLength, inAll);
}

function fitsBesideOthers({ device, neighbours: { others: otherPins } }: Door, pin: string): boolean {
  return otherPins.length === 0 || violations(device.capabilities, { pin, otherPins }).length === 0;
}

/** The rules for locks that are to have the same PIN: those of all of them. */
function together(all: readonly LockCapabilities[]): LockCapabilities {
  const [first, ...others] = all as [LockCapabilities, ...LockCapabilities[]];
  return {
    ...first,
    supportedCodeLengths: first.supportedCodeLengths.filter((length) =>
      others.every((other) => other.supportedCodeLengths.includes(length)),
    ),
    codeConstraints: all.flatMap(({ codeConstraints }) => codeConstraints),
  };
}
