import type { SlotRange } from '@latchkey/gateways';
import type { KeypadEvent } from './keypad';

/** A numbered place on a lock, and whose it is. */
export interface HeldSlot {
  readonly codeId: string;
  readonly slot: number;
  /** Somebody else's code is in it: that is a fact, and a code of ours that was to have the place gets another. */
  readonly foreign?: true;
}

/** A place for a code, with what is to be appended first; null: the lock is full. */
export type SlotDecision = { readonly slot: number; readonly events: KeypadEvent[] } | null;

/**
 * Finds a slot for a code that is to come onto its lock: the one that it holds, else the lowest that nobody holds.
 * Repeated on the same facts it gives the same answer.
 */
export function takeSlot(
  held: Iterable<HeldSlot>,
  { codeId, ours }: { readonly codeId: string; readonly ours: SlotRange },
): SlotDecision {
  const others = new Set<number>();
  let mine: number | undefined;
  for (const each of held) {
    if (each.codeId === codeId) mine = each.slot;
    else others.add(each.slot);
  }
  if (mine !== undefined && isIn(ours, mine) && !others.has(mine)) return { slot: mine, events: [] };
  for (let slot = ours.first; slot <= ours.last; slot++) {
    if (!others.has(slot)) return { slot, events: [{ type: 'SlotTaken', data: { codeId, slot } }] };
  }
  return null;
}

/** Somebody else's code was read back from a slot. */
export function occupySlot(held: Iterable<HeldSlot>, codeId: string, slot: number): KeypadEvent[] {
  for (const each of held) if (each.codeId === codeId && each.slot === slot) return [];
  return [{ type: 'SlotTaken', data: { codeId, slot, foreign: true } }];
}

/** Releases a code's slot, where it has one. */
export function releaseSlot(held: Iterable<HeldSlot>, codeId: string): KeypadEvent[] {
  for (const each of held) if (each.codeId === codeId) return [{ type: 'SlotReleased', data: { codeId } }];
  return [];
}

function isIn({ first, last }: SlotRange, slot: number): boolean {
  return first <= slot && slot <= last;
}
