import type { Device } from '@latchkey/devices';
import { drawPin, type LockCapabilities, violations } from '@latchkey/gateways';
import type { Random, Vault } from '@latchkey/platform';
import type { Window } from '../../domain/access-code';
import type { NeighbouringPins } from '../../neighbouring-pins';
import { startToTell } from '../../pins';
import { type Keypad, occupant } from '../../domain/keypad';

/** A device, and what is reserved on it. */
export interface Door {
  readonly device: Device;
  readonly keypad: Keypad;
  readonly neighbours: NeighbouringPins;
}

/** Whether nobody else, ours or not, has the PIN on that device in that window. */
export function isFree({ device, keypad }: Door, pin: string, window: Window | null, vault: Vault): boolean {
  const pinFingerprint = vault.fingerprint(device.deviceId, pin);
  return !occupant(keypad, { codeId: '', pinFingerprint, window });
}

/** Whether the device would take the PIN. */
export function takes(
  door: Door,
  pin: string,
  wanted: { readonly window: Window | null; readonly native: boolean; readonly now: number },
  vault: Vault,
): boolean {
  const startsAt = startToTell(door.device, wanted.window, wanted.native);
  const proposal = { pin, startsAt, now: wanted.now, otherPins: door.neighbours.others };
  return (
    violations(door.device.capabilities, proposal).length === 0 && isFree(door, pin, wanted.window, vault)
  );
}

/** A PIN that every one of the devices takes and that is free on all of them; null if there is none. */
export function drawShared(
  doors: readonly Door[],
  window: Window | null,
  preferredLength: number | undefined,
  vault: Vault,
  random: Random,
): string | null {
  const free = (pin: string) =>
    doors.every((door) => isFree(door, pin, window, vault) && fitsBesideOthers(door, pin));
  const sets = doors.map(({ neighbours }) => neighbours.ofItsSet).filter((set) => set.length > 0);
  const [first = [], ...rest] = sets;
  const inAll = first.filter((pin) => rest.every((set) => set.includes(pin)));
  const rules = together(doors.map(({ device }) => device.capabilities));
  return drawPin(rules, random, free, preferredLength, inAll);
}

function fitsBesideOthers({ device, neighbours: { others: otherPins } }: Door, pin: string): boolean {
  return otherPins.length === 0 || violations(device.capabilities, { pin, otherPins }).length === 0;
}

/** What holds for locks that are to have the same PIN: the rules of all of them. */
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
