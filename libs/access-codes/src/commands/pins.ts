import type { Device } from '@latchkey/devices';
import { drawPin, violations } from '@latchkey/gateways';
import { ApiError, type Random, type Vault } from '@latchkey/platform';
import type { Window } from '../domain/access-code';
import { type Keypad, occupant } from '../domain/keypad';

/**
 * Refuses a PIN or name that the lock's rules forbid.
 * @throws {ApiError} 400, which names the rule and never the PIN
 */
export function checkAgainstLock(
  device: Device,
  proposal: {
    readonly pin: string;
    readonly name: string | null;
    readonly startsAt: number | null;
    readonly now: number;
  },
): void {
  const broken = violations(device.capabilities, {
    pin: proposal.pin,
    name: proposal.name ?? undefined,
    startsAt: proposal.startsAt ?? undefined,
    now: proposal.now,
  });
  if (broken.length === 0) return;
  throw ApiError.invalidInput(
    `The lock does not take this access code. ${broken.map((b) => b.message).join(' ')}`,
    {
      code: broken.map((b) => b.message),
    },
  );
}

/**
 * Draws a PIN that the lock takes and that is free in the window.
 * @throws {ApiError} 409 when there is none
 */
export function drawFreePin(
  device: Device,
  keypad: Keypad,
  wanted: { readonly codeId: string; readonly window: Window | null; readonly preferredLength?: number },
  vault: Vault,
  random: Random,
): string {
  const isFree = (pin: string): boolean =>
    !occupant(keypad, {
      codeId: wanted.codeId,
      pinFingerprint: vault.fingerprint(device.deviceId, pin),
      window: wanted.window,
    });
  const pin = drawPin(device.capabilities, random, isFree, wanted.preferredLength);
  if (pin === null) {
    throw ApiError.conflict(
      'no_code_available',
      'No code that this device takes is free in the given period.',
    );
  }
  return pin;
}
