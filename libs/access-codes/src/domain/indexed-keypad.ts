import type { Fold } from '@latchkey/event-sourcing';

import type { Window } from './content';
import { type Keypad, type KeypadEvent, keypadFold, overlap, type Reservation } from './keypad';
import { PersistentMap } from './persistent-map';
import type { HeldSlot } from './slots';

/**
 * All that is reserved on a keypad, by code: a decision costs as much as one code has reserved, however many codes
 * there are.
 */
export interface IndexedKeypad {
  readonly byCode: PersistentMap<readonly Reservation[]>;
  /** Which numbered place of the lock each code has; no more than the lock has places. */
  readonly slots: PersistentMap<HeldSlot>;
  /** When something last left the keypad, ms; 0 before. */
  readonly releasedAt: number;
}

/** Folds each event into what its code has reserved, like a keypad of that code alone. */
export const indexedKeypadFold: Fold<IndexedKeypad, KeypadEvent> = {
  initial: { byCode: PersistentMap.empty(), slots: PersistentMap.empty(), releasedAt: 0 },
  standsForAllBefore: ({ type }) => type === 'KeypadSnapshotted',
  evolve(keypad, event) {
    if (event.type === 'KeypadSnapshotted') {
      const { reservations, releasedAt } = keypadFold.evolve(keypadFold.initial, event);
      return indexed(reservations, releasedAt);
    }
    const { codeId } = event.data;
    if (event.type === 'SlotTaken') return { ...keypad, slots: keypad.slots.set(codeId, event.data) };
    if (event.type === 'SlotReleased')
      return { ...keypad, slots: keypad.slots.set(codeId, undefined), releasedAt: event.at };
    const before = ofCode(keypad, codeId);
    const { reservations, releasedAt } = keypadFold.evolve(
      { reservations: before, releasedAt: keypad.releasedAt, sinceSnapshot: 0 },
      event,
    );
    return {
      ...keypad,
      byCode: keypad.byCode.set(codeId, reservations.length === 0 ? undefined : reservations),
      releasedAt,
    };
  },
};

function indexed(reservations: Iterable<Reservation>, releasedAt: number): IndexedKeypad {
  const { initial } = indexedKeypadFold;
  return { ...initial, byCode: withAll(initial.byCode, reservations), releasedAt };
}

/** The map with these reservations added. */
export function withAll(
  byCode: IndexedKeypad['byCode'],
  reservations: Iterable<Reservation>,
): IndexedKeypad['byCode'] {
  let all = byCode;
  for (const each of reservations) all = all.set(each.codeId, [...(all.get(each.codeId) ?? []), each]);
  return all;
}

/** What a code has reserved. */
export function ofCode({ byCode }: IndexedKeypad, codeId: string): readonly Reservation[] {
  return byCode.get(codeId) ?? [];
}

/**
 * The keypad as one code sees it: its own reservations, and those of others with its PIN, under the fingerprint that
 * the PIN has for this code.
 * @param samePin those that have the code's PIN reserved
 * @param sameFirstDigits those with a PIN that begins with the same digits, where that matters
 */
export function keypadFor(
  keypad: IndexedKeypad,
  { codeId, pinFingerprint }: { readonly codeId: string; readonly pinFingerprint: string },
  samePin: readonly Reservation[],
  sameFirstDigits: readonly Reservation[] = [],
): Keypad {
  const rivals = samePin.filter((r) => r.codeId !== codeId).map((r) => ({ ...r, pinFingerprint }));
  return {
    reservations: [...ofCode(keypad, codeId), ...rivals],
    releasedAt: keypad.releasedAt,
    sinceSnapshot: 0,
    ...slotOf(keypad, codeId),
    ...(sameFirstDigits.length === 0 ? {} : { sameFirstDigits }),
  };
}

function slotOf({ slots }: IndexedKeypad, codeId: string): { readonly slot?: number } {
  const held = slots.get(codeId);
  return held ? { slot: held.slot } : {};
}

/** All places of the lock that are taken. */
export function* heldSlots({ slots }: IndexedKeypad): Generator<HeldSlot> {
  for (const [, held] of slots.entries()) yield held;
}

/** Whether a PIN is free for a new code, by those who have it reserved. */
export function isFreeIn(window: Window | null, samePin: readonly Reservation[]): boolean {
  return !samePin.some((r) => overlap(r.window, window));
}
