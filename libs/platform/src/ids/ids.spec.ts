import fc from 'fast-check';
import { derivedId, RandomIds, SeededIds } from './ids';
import { CryptoRandom, SeededRandom } from './random';

const UUID = (version: number) =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

describe('ids', () => {
  it('are UUIDs of version 4', () => {
    expect(new RandomIds().uuid()).toMatch(UUID(4));
    expect(new SeededIds(1).uuid()).toMatch(UUID(4));
  });

  it('from a seed are the same each time, and all different', () => {
    const draw = (seed: number) => {
      const ids = new SeededIds(seed);
      return Array.from({ length: 100 }, () => ids.uuid());
    };

    expect(draw(1)).toEqual(draw(1));
    expect(new Set([...draw(1), ...draw(2)]).size).toBe(200);
  });

  it('derived from a name are those of RFC 9562 (its appendix A.4)', () => {
    expect(derivedId('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  it('derived in a named space are the same each time, and differ by space and by name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (space, one, other) => {
        expect(derivedId(space, one)).toMatch(UUID(5));
        expect(derivedId(space, one)).toBe(derivedId(space, one));
        expect(derivedId(space, one) === derivedId(space, other)).toBe(one === other);
        expect(derivedId(`${space}x`, one)).not.toBe(derivedId(space, one));
      }),
    );
  });
});

describe.each([
  ['cryptographic', () => new CryptoRandom()],
  ['seeded', () => new SeededRandom('a seed')],
])('%s randomness', (_name, make) => {
  it('draws every number below the bound about as often', () => {
    const random = make();
    const counts = new Array<number>(10).fill(0);
    for (let n = 0; n < 20_000; n += 1) counts[random.int(10)]! += 1;

    // 2000 each, with a standard deviation of 42: seven of them happen once in 10^11 runs.
    expect(Math.min(...counts)).toBeGreaterThan(1700);
    expect(Math.max(...counts)).toBeLessThan(2300);
  });

  it('draws as many bytes as asked for', () => {
    const random = make();

    expect([0, 1, 31, 32, 33, 100].map((count) => random.bytes(count).length)).toEqual([
      0, 1, 31, 32, 33, 100,
    ]);
  });

  it.each([0, -1, 1.5, NaN, 2 ** 53])('refuses the bound %d', (bound) => {
    expect(() => make().int(bound)).toThrow(RangeError);
  });
});
