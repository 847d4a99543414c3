import { HOUR } from '@latchkey/platform';
import type { Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import { storedWindow, type Window } from './content';
import { type IndexedKeypad, indexedKeypadFold, keypadFor } from './indexed-keypad';
import {
  endReservations,
  type Keypad,
  type KeypadEvent,
  keypadFold,
  PinTaken,
  release,
  type Reservation,
  reserve,
  snapshot,
} from './keypad';
import { T0 } from './testing/builders';

const CODES = ['c1', 'c2', 'c3', 'c4'];
const PINS = ['4821', '7350', '9162'];

type Ask =
  | { readonly do: 'reserve'; readonly code: string; readonly pin: string; readonly window: Window | null }
  | { readonly do: 'release'; readonly code: string; readonly pin: string | null }
  | { readonly do: 'end'; readonly code: string }
  | { readonly do: 'snapshot' };

const code = fc.constantFrom(...CODES);
const pin = fc.constantFrom(...PINS);
const window = fc.option(
  fc
    .tuple(fc.nat(8), fc.integer({ min: 1, max: 5 }))
    .map(([from, hours]) => ({ startsAt: T0 + from * HOUR, endsAt: T0 + (from + hours) * HOUR })),
  { freq: 4 },
);
const ask: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), code, pin, window }) },
  fc.record({ do: fc.constant('release' as const), code, pin: fc.option(pin) }),
  fc.record({ do: fc.constant('end' as const), code }),
  fc.record({ do: fc.constant('snapshot' as const) }),
);

/** One name for a PIN on the whole keypad, as the naive keypad has it. */
const shared = (plain: string) => plain;
/** A name of its own for each code, as events have it. */
const own = (codeId: string, plain: string) => `${codeId}: ${plain}`;
const plainOf = ({ pinFingerprint }: Reservation) => pinFingerprint.slice(-4);

function decided(
  keypad: Keypad,
  asked: Exclude<Ask, { do: 'snapshot' }>,
  named: (plain: string) => string,
  now: number,
) {
  const { code: codeId } = asked;
  if (asked.do === 'end') return endReservations(keypad, codeId, now);
  if (asked.do === 'release') return release(keypad, codeId, asked.pin && named(asked.pin));
  try {
    return reserve(keypad, { codeId, pinFingerprint: named(asked.pin), window: asked.window });
  } catch (error) {
    if (error instanceof PinTaken) return error.byCodeId;
    throw error;
  }
}

const happened = (events: readonly KeypadEvent[], at: number) =>
  events.map((event): Happened<KeypadEvent> => ({ ...event, at }));
const whole = ({ byCode }: IndexedKeypad) => [...byCode.entries()].flatMap(([, some]) => some);
const told = (reservations: readonly Reservation[]) =>
  reservations
    .map((r) => ({ ...r, pinFingerprint: plainOf(r) }))
    .sort((a, b) => (`${a.codeId} ${a.pinFingerprint}` < `${b.codeId} ${b.pinFingerprint}` ? -1 : 1));

describe('a keypad whose codes each have names of their own for PINs', () => {
  it('decides like a keypad on which equal PINs have equal names', () => {
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 40, size: 'max' }), (asks) => {
        let naive = keypadFold.initial;
        let indexed = indexedKeypadFold.initial;
        for (const [n, each] of asks.entries()) {
          const now = T0 + n * (HOUR / 4);
          if (each.do === 'snapshot') {
            const all = { reservations: whole(indexed), releasedAt: indexed.releasedAt, sinceSnapshot: 0 };
            indexed = indexedKeypadFold.evolve(indexedKeypadFold.initial, { ...snapshot(all), at: now });
            continue;
          }
          const asked = 'pin' in each ? each.pin : null;
          const samePin = whole(indexed).filter((r) => plainOf(r) === asked);
          const seen = keypadFor(
            indexed,
            { codeId: each.code, pinFingerprint: asked === null ? '' : own(each.code, asked) },
            samePin,
          );
          const [expected, found] = [
            decided(naive, each, shared, now),
            decided(seen, each, (plain) => own(each.code, plain), now),
          ];
          expect(typeof found).toBe(typeof expected);
          if (typeof expected === 'string' || typeof found === 'string') continue;
          naive = happened(expected, now).reduce((state, event) => keypadFold.evolve(state, event), naive);
          indexed = happened(found, now).reduce(
            (state, event) => indexedKeypadFold.evolve(state, event),
            indexed,
          );
          expect(told(whole(indexed))).toEqual(told(naive.reservations));
          expect(indexed.releasedAt).toBe(naive.releasedAt);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays as fast with 50,000 bookings as with a few', () => {
    let keypad = indexedKeypadFold.initial;
    const book = (n: number) => {
      const data = {
        codeId: `code-${n}`,
        pinFingerprint: `print-${n}`,
        window: storedWindow({ startsAt: T0 + n * HOUR, endsAt: T0 + (n + 1) * HOUR }),
      };
      keypad = indexedKeypadFold.evolve(keypad, { type: 'PinReserved', data, at: T0 });
    };
    const timed = (from: number, to: number) => {
      const started = process.hrtime.bigint();
      for (let n = from; n < to; n++) book(n);
      return Number(process.hrtime.bigint() - started) / 1e6;
    };
    timed(0, 48_000);
    const last = timed(48_000, 50_000);
    expect(keypad.byCode.size).toBe(50_000);
    // Copying all that there is for each would take 2,000 times 50,000 steps.
    expect(last).toBeLessThan(400);
  });
});
