import type { CodeRefusal } from './domain/refused';
import { Refusal } from '@latchkey/event-sourcing';
import type { Device } from '@latchkey/devices';
import { drawPin, violations } from '@latchkey/gateways';
import { KeyErasedError, type PinOfCode, type Random, type Vault } from '@latchkey/platform';
import type { Window } from './domain/content';
import { isNative } from './domain/plan';
import { type NeighbouringPins, NO_NEIGHBOURS } from './neighbouring-pins';
import type { IsFree } from './streams';

/** What a lock is checked for. Names are left out, since each lock is sent a name that it takes. */
export interface Asked {
  /** Null: none was given. */
  readonly pin: string | null;
  /** A start that is requested now and would be sent to the lock, ms; null: none. */
  readonly startsAt: number | null;
  readonly now: number;
}

/**
 * Refuses a PIN or start that the lock's rules forbid.
 * @throws {Refusal} which names the rules and never the PIN
 */
export function checkAgainstLock(
  device: Device,
  { pin, startsAt, now }: Asked,
  { others: otherPins }: NeighbouringPins = NO_NEIGHBOURS,
): void {
  const broken = violations(device.capabilities, { pin, startsAt, now, otherPins });
  if (broken.length === 0) return;
  const errors: Record<string, string[]> = {};
  for (const { constraintType, message } of broken) {
    const property = constraintType === 'start_date_in_future' ? 'startsAt' : 'code';
    (errors[property] ??= []).push(message.replace(/\.$/, ` (${constraintType}).`));
  }
  const messages = Object.values(errors).flat().join(' ');
  throw Refusal.invalid(`The lock does not take this access code. ${messages}`, errors);
}

/** The start of a window that is sent to a lock, where the lock keeps the window by itself, ms. */
export function startToTell(
  device: Device,
  window: Window | null,
  preferNativeScheduling: boolean,
): number | null {
  return window && isNative({ schedule: window, preferNativeScheduling }, device) ? window.startsAt : null;
}

/**
 * Draws a PIN that the lock takes and that is free in the window.
 * @throws {Refusal} when there is none
 */
export function drawFreePin(
  device: Device,
  isFree: IsFree,
  wanted: { readonly window: Window | null; readonly preferredLength?: number },
  random: Random,
  { others: otherPins, ofItsSet }: NeighbouringPins = NO_NEIGHBOURS,
): string {
  const { capabilities } = device;
  const free = (pin: string): boolean =>
    (otherPins.length === 0 || violations(capabilities, { pin, otherPins }).length === 0) &&
    isFree(pin, wanted.window);
  const pin = drawPin(capabilities, random, free, wanted.preferredLength, ofItsSet);
  if (pin === null) {
    throw Refusal.conflict<CodeRefusal>(
      'no-pin-free',
      `No code that this device takes is free in the given period.${rulesTold([device])}`,
    );
  }
  return pin;
}

/** A sentence that names the rules of devices, to follow another one; empty where they have none. */
export function rulesTold(devices: readonly Device[]): string {
  const all = devices.flatMap(({ capabilities }) => capabilities.codeConstraints);
  const rules = [...new Set(all.map(({ constraintType }) => constraintType))].join(', ');
  return rules && ` ${devices.length === 1 ? 'Its' : 'Their'} rules: ${rules}.`;
}

/**
 * Seals the PIN of a code that is to be created: with the key of its id, or with another key of its own where that one
 * was erased because an earlier try was given up.
 */
export async function sealForNewCode(vault: Vault, codeId: string, pin: string): Promise<PinOfCode> {
  for (let nth = 1; ; nth++) {
    try {
      return await vault.sealPin(nth === 1 ? codeId : `${codeId}/${nth}`, pin);
    } catch (error) {
      if (!(error instanceof KeyErasedError) || nth >= KEYS_AT_MOST) throw error;
    }
  }
}

const KEYS_AT_MOST = 20;
