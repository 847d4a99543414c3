import fc from 'fast-check';
import { PersistentMap } from './persistent-map';

const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.option(fc.nat(3), { nil: undefined })), {
  maxLength: 1_500,
  size: 'max',
});

const put = (map: PersistentMap<number>, of: readonly (readonly [number, number | undefined])[]) =>
  of.reduce((each, [key, value]) => each.set(`key-${key}`, value), map);

const naive = (of: readonly (readonly [number, number | undefined])[], from = new Map<string, number>()) => {
  const map = new Map(from);
  for (const [key, value] of of) {
    if (value === undefined) map.delete(`key-${key}`);
    else map.set(`key-${key}`, value);
  }
  return map;
};

const sorted = (map: Iterable<readonly [string, number]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('a persistent map', () => {
  it('holds what a map would hold, and leaves every earlier one as it was', () => {
    fc.assert(
      fc.property(steps, steps, (early, late) => {
        const before = put(PersistentMap.empty(), early);
        const after = put(before, late);
        const [old, now] = [naive(early), naive(late, naive(early))];

        expect(sorted(after.entries())).toEqual(sorted(now));
        expect(sorted(before.entries())).toEqual(sorted(old));
        expect(after.size).toBe(now.size);
        for (const key of [...old.keys(), 'nobody']) expect(after.get(key)).toBe(now.get(key));
      }),
      { numRuns: 60 },
    );
  });

  it('names all that differs from an earlier one, or from a later one, and nothing else', () => {
    fc.assert(
      fc.property(steps, steps, (early, late) => {
        const before = put(PersistentMap.empty(), early);
        const after = put(before, late);
        for (const [from, to] of [
          [before, after],
          [after, before],
        ] as const) {
          let made = from;
          for (const [key, was, is] of to.changesSince(from)) {
            expect(was).toBe(from.get(key));
            expect(was).not.toBe(is);
            made = made.set(key, is);
          }
          expect(sorted(made.entries())).toEqual(sorted(to.entries()));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('compares two of many entries by the few that differ', () => {
    let map = PersistentMap.empty<number>();
    for (let n = 0; n < 50_000; n++) map = map.set(`key-${n}`, n);
    const changed = map.set('key-7', -7).set('key-50000', 1).set('key-9', undefined);

    const started = process.hrtime.bigint();
    const told = [...changed.changesSince(map)];
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(20);
    expect(told).toHaveLength(3);
    expect([...map.changesSince(map)]).toEqual([]);
  });
});
