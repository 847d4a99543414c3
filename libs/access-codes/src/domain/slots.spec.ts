import fc from 'fast-check';
import { heldSlots, type IndexedKeypad, indexedKeypadFold, keypadFor } from './indexed-keypad';
import { type KeypadEvent, release } from './keypad';
import { type HeldSlot, occupySlot, releaseSlot, takeSlot } from './slots';
import { T0 } from './testing/builders';

const OURS = { first: 10, last: 12 };

const after = (events: readonly KeypadEvent[], from: IndexedKeypad = indexedKeypadFold.initial) =>
  events.reduce((keypad, event) => indexedKeypadFold.evolve(keypad, { ...event, at: T0 }), from);

const taken = (codeId: string, slot: number): KeypadEvent => ({ type: 'SlotTaken', data: { codeId, slot } });
const found = (codeId: string, slot: number): KeypadEvent => ({
  type: 'SlotTaken',
  data: { codeId, slot, foreign: true },
});
const takes = (keypad: IndexedKeypad, codeId: string, ours = OURS) =>
  takeSlot(heldSlots(keypad), { codeId, ours });

describe('the numbered places of a lock', () => {
  it('are given out from the lowest, and the same code keeps its own', () => {
    const keypad = after([taken('a', 10)]);
    expect(takes(keypad, 'b')).toEqual({ slot: 11, events: [taken('b', 11)] });
    expect(takes(keypad, 'a')).toEqual({ slot: 10, events: [] });
  });

  it('are full when all of ours are taken', () => {
    const keypad = after([taken('a', 10), found('theirs', 11), taken('b', 12)]);
    expect(takes(keypad, 'c')).toBeNull();
    expect(takes(after([{ type: 'SlotReleased', data: { codeId: 'a' } }], keypad), 'c')).toMatchObject({
      slot: 10,
    });
  });

  it('are left to a code that somebody put there by hand', () => {
    const keypad = after([taken('a', 10), found('theirs', 10)]);
    expect(takes(keypad, 'a')).toEqual({ slot: 11, events: [taken('a', 11)] });
  });

  it('are found again when other places have been declared ours', () => {
    const keypad = after([taken('a', 10)]);
    expect(takes(keypad, 'a', { first: 20, last: 21 })).toMatchObject({ slot: 20 });
  });

  it('are released with all that a code had reserved', () => {
    const keypad = after([taken('a', 10)]);
    const seen = keypadFor(keypad, { codeId: 'a', pinFingerprint: '' }, []);
    expect(seen.slot).toBe(10);
    expect(release(seen, 'a', null)).toEqual([{ type: 'SlotReleased', data: { codeId: 'a' } }]);
    expect(release(seen, 'a', 'some PIN')).toEqual([]);
  });

  it('record once that somebody else’s code is there, and are released once', () => {
    const keypad = after([found('theirs', 11)]);
    expect(occupySlot(heldSlots(keypad), 'theirs', 11)).toEqual([]);
    expect(occupySlot(heldSlots(keypad), 'theirs', 12)).toEqual([found('theirs', 12)]);
    expect(releaseSlot(heldSlots(keypad), 'theirs')).toHaveLength(1);
    expect(releaseSlot(heldSlots(keypad), 'nobody')).toEqual([]);
  });

  type Step =
    | { readonly do: 'take' | 'release'; readonly codeId: string }
    | { readonly do: 'occupy'; readonly codeId: string; readonly slot: number };
  const codeId = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), codeId }) },
    fc.record({ do: fc.constant('release' as const), codeId }),
    fc.record({
      do: fc.constant('occupy' as const),
      codeId: fc.constantFrom('x', 'y'),
      slot: fc.integer({ min: 8, max: 13 }),
    }),
  );

  const eventsOf = (each: Step, keypad: IndexedKeypad): KeypadEvent[] => {
    const held = heldSlots(keypad);
    if (each.do === 'take') return takes(keypad, each.codeId)?.events ?? [];
    return 'slot' in each ? occupySlot(held, each.codeId, each.slot) : releaseSlot(held, each.codeId);
  };

  it('never go to two codes of ours, whatever happens, and asking again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let keypad = indexedKeypadFold.initial;
        for (const each of steps) {
          const before = [...heldSlots(keypad)];
          keypad = after(eventsOf(each, keypad), keypad);
          const others = new Set(before.filter((h) => h.codeId !== each.codeId).map((h) => h.slot));
          const isFull = [10, 11, 12].every((slot) => others.has(slot));
          const again = takes(keypad, each.codeId);
          // A repeated request gets the same answer; and "full" is answered exactly when others have all places.
          expect(each.do !== 'take' || (isFull ? again === null : again?.events.length === 0)).toBe(true);
          const ours = [...heldSlots(keypad)].filter((h: HeldSlot) => !h.foreign).map((h) => h.slot);
          expect(new Set(ours).size).toBe(ours.length);
        }
      }),
    );
  });
});
