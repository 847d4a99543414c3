import { HOUR, iso } from '@latchkey/platform';
import { given, type Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import { storedWindow, type Window } from './content';
import {
  endReservations,
  holder,
  type Keypad,
  keypadFold,
  type KeypadEvent,
  overlap,
  PinTaken,
  release,
  reserve,
  snapshot,
} from './keypad';
import { CODE, OTHER, T0 } from './testing/builders';

const hours = (from: number, to: number): Window => ({ startsAt: T0 + from * HOUR, endsAt: T0 + to * HOUR });
const reserved = (codeId: string, pinFingerprint: string, window: Window | null): KeypadEvent => ({
  type: 'PinReserved',
  data: { codeId, pinFingerprint, window: storedWindow(window) },
});
const released = (codeId: string, pinFingerprint: string | null): KeypadEvent => ({
  type: 'PinReleased',
  data: { codeId, pinFingerprint },
});
const on = (...events: KeypadEvent[]) =>
  given(
    keypadFold,
    events.map((event): Happened<KeypadEvent> => ({ ...event, at: T0 })),
  );
const asks = (codeId: string, pinFingerprint: string, window: Window | null) => (keypad: Keypad) =>
  reserve(keypad, { codeId, pinFingerprint, window });

describe('a keypad', () => {
  it('reserves a PIN for a window, once', () => {
    on()
      .when(asks(CODE, 'a', hours(1, 2)))
      .then([reserved(CODE, 'a', hours(1, 2))]);
    on(reserved(CODE, 'a', hours(1, 2)))
      .when(asks(CODE, 'a', hours(1, 2)))
      .then([]);
    on(reserved(CODE, 'a', null))
      .when(asks(CODE, 'a', null))
      .then([]);
  });

  it('refuses a PIN that another code has in an overlapping window, and says whose', () => {
    const taken = on(reserved(OTHER, 'a', hours(1, 3)));
    taken.when(asks(CODE, 'a', hours(2, 4))).thenFails(/overlapping period/);
    taken.when(asks(CODE, 'a', null)).thenFails(/overlapping period/);
    on(reserved(OTHER, 'a', null))
      .when(asks(CODE, 'a', hours(100, 101)))
      .thenFails(/overlapping period/);
    let refusal: unknown;
    try {
      asks(CODE, 'a', hours(2, 4))(taken.state);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(PinTaken);
    expect((refusal as PinTaken).byCodeId).toBe(OTHER);
  });

  it('gives it to both where one window begins as the other ends', () => {
    const taken = on(reserved(OTHER, 'a', hours(2, 4)));
    taken.when(asks(CODE, 'a', hours(4, 5))).then([reserved(CODE, 'a', hours(4, 5))]);
    taken.when(asks(CODE, 'a', hours(1, 2))).then([reserved(CODE, 'a', hours(1, 2))]);
    taken.when(asks(CODE, 'b', hours(2, 4))).then([reserved(CODE, 'b', hours(2, 4))]);
  });

  it('moves a window, and lets a code have a second PIN beside the one that is on the lock', () => {
    on(reserved(CODE, 'a', hours(1, 2)))
      .when(asks(CODE, 'a', hours(5, 6)))
      .then([reserved(CODE, 'a', hours(5, 6))]);
    const moved = on(reserved(CODE, 'a', hours(1, 2)), reserved(CODE, 'a', hours(5, 6))).state;
    expect(moved.reservations).toEqual([
      { codeId: CODE, pinFingerprint: 'a', window: hours(5, 6), reservedAt: T0 },
    ]);
    const both = on(reserved(CODE, 'a', hours(1, 2)), reserved(CODE, 'b', hours(1, 2))).state;
    expect(both.reservations.map((r) => r.pinFingerprint)).toEqual(['a', 'b']);
  });

  it('releases one PIN of a code, or all of them, once, and no PIN of others', () => {
    const three = on(reserved(CODE, 'a', null), reserved(CODE, 'b', null), reserved(OTHER, 'c', null));
    three.when((keypad) => release(keypad, CODE, 'a')).then([released(CODE, 'a')]);
    three.when((keypad) => release(keypad, CODE, 'c')).then([]);
    const left = on(
      reserved(CODE, 'a', null),
      reserved(CODE, 'b', null),
      reserved(OTHER, 'c', null),
      released(CODE, null),
    );
    left.when((keypad) => release(keypad, CODE, null)).then([]);
    expect(left.state).toMatchObject({ reservations: [{ codeId: OTHER }], releasedAt: T0 });
  });

  it('reserves the PIN of a code that will be gone for a later one', () => {
    const at = T0 + 2 * HOUR;
    const ends = (keypad: Keypad) => endReservations(keypad, CODE, at);
    on(reserved(CODE, 'a', hours(1, 9)))
      .when(ends)
      .then([reserved(CODE, 'a', hours(1, 2))]);
    on(reserved(CODE, 'a', null))
      .when(ends)
      .then([reserved(CODE, 'a', { startsAt: at, endsAt: at })]);
    on(reserved(CODE, 'a', hours(0, 1)))
      .when(ends)
      .then([]);
    const ended = on(reserved(CODE, 'a', hours(1, 9)), reserved(CODE, 'a', hours(1, 2)));
    ended.when(ends).then([]);
    ended.when(asks(OTHER, 'a', hours(2, 5))).then([reserved(OTHER, 'a', hours(2, 5))]);
    ended.when(asks(OTHER, 'a', hours(1, 5))).thenFails(/overlapping period/);
  });

  it('frees the PIN of a code that was deleted before its window', () => {
    const at = T0 + 2 * HOUR;
    on(reserved(CODE, 'a', hours(5, 9)), reserved(CODE, 'a', { startsAt: at, endsAt: at }))
      .when(asks(OTHER, 'a', hours(1, 5)))
      .then([reserved(OTHER, 'a', hours(1, 5))]);
    on(reserved(CODE, 'a', null), reserved(CODE, 'a', { startsAt: at, endsAt: at }))
      .when(asks(OTHER, 'a', null))
      .then([reserved(OTHER, 'a', null)]);
  });
});

type Ask =
  | { readonly do: 'reserve'; readonly codeId: string; readonly pin: string; readonly window: Window | null }
  | { readonly do: 'release'; readonly codeId: string; readonly pin: string | null }
  | { readonly do: 'end'; readonly codeId: string };

const codeId = fc.constantFrom('c1', 'c2', 'c3', 'c4');
const pinOf = fc.constantFrom('a', 'b');
const someWindow = fc.option(
  fc.tuple(fc.nat(8), fc.integer({ min: 1, max: 5 })).map(([from, length]) => hours(from, from + length)),
  { freq: 4 },
);
const ask: fc.Arbitrary<Ask> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('reserve' as const), codeId, pin: pinOf, window: someWindow }),
  },
  fc.record({ do: fc.constant('release' as const), codeId, pin: fc.option(pinOf) }),
  fc.record({ do: fc.constant('end' as const), codeId }),
);

function decide(keypad: Keypad, asked: Ask, now: number): KeypadEvent[] {
  if (asked.do === 'release') return release(keypad, asked.codeId, asked.pin);
  if (asked.do === 'end') return endReservations(keypad, asked.codeId, now);
  try {
    return reserve(keypad, { codeId: asked.codeId, pinFingerprint: asked.pin, window: asked.window });
  } catch (error) {
    if (error instanceof PinTaken) return [];
    throw error;
  }
}

const evolveAll = (keypad: Keypad, events: readonly KeypadEvent[], now: number) =>
  events.reduce((state, event) => keypadFold.evolve(state, { ...event, at: now }), keypad);

describe('whatever is requested of a keypad', () => {
  const asked = fc.array(ask, { maxLength: 40, size: 'max' });

  it('no PIN is ever reserved for two codes in overlapping windows', () => {
    fc.assert(
      fc.property(asked, (asks) => {
        let keypad = keypadFold.initial;
        for (const [n, each] of asks.entries()) {
          const now = T0 + n * (HOUR / 4);
          keypad = evolveAll(keypad, decide(keypad, each, now), now);
          for (const r of keypad.reservations) {
            const other = holder(keypad, r);
            if (other) throw new Error(`${r.codeId} and ${other.codeId} share ${r.pinFingerprint}`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('asking again changes nothing', () => {
    fc.assert(
      fc.property(asked, ask, (asks, last) => {
        const before = asks.reduce(
          (keypad, each) => evolveAll(keypad, decide(keypad, each, T0), T0),
          keypadFold.initial,
        );
        const after = evolveAll(before, decide(before, last, T0), T0);
        expect(decide(after, last, T0)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('a snapshot stands for everything before it', () => {
    fc.assert(
      fc.property(asked, asked, (early, late) => {
        const run = (from: Keypad, asks: readonly Ask[], start: number) =>
          asks.reduce(
            (keypad, each, n) => evolveAll(keypad, decide(keypad, each, start + n), start + n),
            from,
          );
        const whole = run(keypadFold.initial, early, T0);
        const brief = keypadFold.evolve(keypadFold.initial, { ...snapshot(whole), at: T0 });
        expect(brief).toEqual({ ...whole, sinceSnapshot: 0 });
        const { reservations, releasedAt } = run(whole, late, T0 + HOUR);
        expect(run(brief, late, T0 + HOUR)).toMatchObject({ reservations, releasedAt });
      }),
      { numRuns: 300 },
    );
  });
});

describe('windows', () => {
  it('overlap alike in both directions, and with themselves', () => {
    fc.assert(
      fc.property(someWindow, someWindow, (a, b) => {
        expect(overlap(a, b)).toBe(overlap(b, a));
        expect(overlap(a, a)).toBe(true);
      }),
    );
    expect(iso(T0)).toBe('2026-06-01T12:00:00.000Z');
  });
});

describe('a keypad that distinguishes PINs by their first digits', () => {
  const beside =
    (window: Window | null, codeId = OTHER) =>
    (keypad: Keypad) => ({
      ...keypad,
      sameFirstDigits: [{ codeId, pinFingerprint: 'b', window, reservedAt: T0 }],
    });
  const asked = (window: Window | null, other: (keypad: Keypad) => Keypad) => (keypad: Keypad) =>
    reserve(other(keypad), { codeId: CODE, pinFingerprint: 'a', window });

  it('refuses one that begins like another code’s in an overlapping window, and says which rule it was', () => {
    on()
      .when(asked(hours(2, 4), beside(hours(1, 3))))
      .thenFails(/first four digits.*\(unique_first_four_digits\)/);
    on(reserved(CODE, 'a', hours(4, 5)))
      .when(asked(hours(2, 4), beside(hours(1, 3))))
      .thenFails(/unique_first_four_digits/);
  });

  it('reserves it at another time, and keeps what is reserved already', () => {
    on()
      .when(asked(hours(3, 4), beside(hours(1, 3))))
      .then([reserved(CODE, 'a', hours(3, 4))]);
    on(reserved(CODE, 'a', hours(2, 4)))
      .when(asked(hours(2, 4), beside(hours(1, 3))))
      .then([]);
    on()
      .when(asked(null, beside(null, CODE)))
      .then([reserved(CODE, 'a', null)]);
  });
});
