import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { violations } from './constraints';
import { drawPin } from './draw-pin';
import { type LockCapabilities } from './lock-gateway';

const random = { int: (bound: number) => randomInt(bound) };
const anyFree = () => true;
const lockWith = (lengths: number[], ...constraintTypes: string[]): LockCapabilities => ({
  nativeScheduling: true,
  supportedCodeLengths: lengths,
  codeConstraints: constraintTypes.map((constraintType) => ({ constraintType })),
  maxActiveCodes: null,
  canRemotelyLock: true,
  canRemotelyUnlock: true,
});
const allOf = (length: number) =>
  Array.from({ length: 10 ** length }, (_, n) => String(n).padStart(length, '0'));

const ruleNames = [
  'no_zeros',
  'cannot_start_with_12',
  'no_triple_consecutive_ints',
  'no_ascending_or_descending_sequence',
  'at_least_three_unique_digits',
  'cannot_contain_089',
  'cannot_contain_0789',
  'no_all_same_digits',
];

describe('drawPin', () => {
  it('draws what the lock takes and what is free', () => {
    const lengths = fc.uniqueArray(fc.integer({ min: 4, max: 12 }), { minLength: 1, maxLength: 4 });
    const taken = fc.array(fc.stringMatching(/^[0-9]{4,5}$/), { maxLength: 30 });
    fc.assert(
      fc.property(
        lengths,
        fc.subarray(ruleNames),
        taken,
        fc.nat(20),
        (supported, rules, others, preferred) => {
          const lock = lockWith(supported, ...rules);
          const isFree = (pin: string) => !others.includes(pin);
          const pin = drawPin(lock, random, isFree, preferred) as string;
          expect(pin).not.toBeNull();
          expect(violations(lock, { pin })).toEqual([]);
          expect(isFree(pin)).toBe(true);
        },
      ),
    );
  });

  it.each<[number[], number | undefined, number]>([
    [[4, 5, 6, 7, 8], undefined, 4],
    [[6, 8], undefined, 6],
    [[4, 6, 8], 6, 6],
    [[4, 6, 8], 20, 8],
    [[4, 6], 5, 4],
    [[8, 4], 1, 4],
  ])('of lengths %j, %s preferred, draws %i', (lengths, preferred, expected) => {
    expect(drawPin(lockWith(lengths), random, anyFree, preferred)).toHaveLength(expected);
  });

  it('finds the last free PIN', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{4}$/), (last) => {
        expect(drawPin(lockWith([4]), random, (pin) => pin === last)).toBe(last);
      }),
      { numRuns: 20 },
    );
  });

  it('goes over to another length when one is used up', () => {
    expect(drawPin(lockWith([4, 5]), random, (pin) => pin.length === 5)).toHaveLength(5);
  });

  it('finds none where there is none', () => {
    expect(drawPin(lockWith([4]), random, () => false)).toBeNull();
    expect(drawPin(lockWith([]), random, anyFree)).toBeNull();
  });

  it.each(['cannot_specify_pin_code', 'pin_code_matches_existing_set'])('draws none against %s', (rule) => {
    expect(drawPin(lockWith([4], rule), random, anyFree)).toBeNull();
  });

  it('draws what everybody tries first only when nothing else is left', () => {
    const weak = allOf(4).filter((pin) =>
      ['0123456789012', '9876543210987', ...Array.from('0123456789', (digit) => digit.repeat(4))].some(
        (row) => row.includes(pin),
      ),
    );
    expect(weak).toHaveLength(30);
    const free = (pin: string) => weak.includes(pin) || pin === '2580' || pin === '14703';
    expect(drawPin(lockWith([4]), random, free)).toBe('2580');
    expect(drawPin(lockWith([4, 5]), random, (pin) => free(pin) && pin !== '2580')).toBe('14703');
    expect(weak).toContain(drawPin(lockWith([4]), random, (pin) => weak.includes(pin)));
  });

  it('gives up in a bounded time on long PINs', () => {
    let asked = 0;
    expect(drawPin(lockWith([8]), random, () => ((asked += 1), false))).toBeNull();
    expect(asked).toBeLessThan(50_000);
  });

  it.each<[string, LockCapabilities, (pin: string) => boolean]>([
    ['by drawing again', lockWith([4]), (pin) => pin.endsWith('7')],
    ['by looking through all', lockWith([4], 'cannot_contain_0789'), (pin) => /^5[1345]26$/.test(pin)],
  ])('gives each PIN the same chance, %s', (_how, lock, isFree) => {
    // Fixed draws (a multiplicative generator with a full period), so that the outcome is always the same.
    let state = 20_260_302;
    const seeded = {
      int: (bound: number) => {
        state = (state * 48_271) % 2_147_483_647;
        return state % bound;
      },
    };
    const seen = new Map<string, number>();
    const free = allOf(4).filter((pin) => isFree(pin));
    const perPin = 40;
    const total = Math.min(free.length, 200) * perPin;
    for (let n = 0; n < total; n += 1) {
      const pin = drawPin(lock, seeded, isFree) as string;
      const group = free.length > 200 ? pin.slice(0, 2) : pin;
      seen.set(group, (seen.get(group) ?? 0) + 1);
    }
    const expected = total / seen.size;
    const chiSquare = [...seen.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(seen.size).toBe(free.length > 200 ? 100 : free.length);
    // Six standard deviations above what chance gives.
    expect(chiSquare).toBeLessThan(seen.size + 6 * Math.sqrt(2 * seen.size));
  });
});
