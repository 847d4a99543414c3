import fc from 'fast-check';
import { derivedId, RandomIds, SeededIds } from './ids';
import { CryptoRandom, SeededRandom } from './random';

const UUID = (version: number) =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

const V5 = UUID(5);
const text = fc.string({ unit: 'grapheme' });

describe('ids', () => {
  it('are UUIDs of version 7', () => {
    expect(new RandomIds().uuid()).toMatch(UUID(7));
    expect(new SeededIds(1).uuid()).toMatch(UUID(7));
  });

  it('begin with the time', () => {
    // RFC 9562, appendix A.6.
    const ids = new RandomIds(() => Date.parse('2022-02-22T14:22:22-05:00'));

    expect(ids.uuid()).toMatch(/^017f22e2-79b0-7/);
  });

  it('never go back, however many are made in a millisecond and whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 48 - 1e6 }), { minLength: 1 }), (times) => {
        let now = 0;
        const ids = new RandomIds(() => now);
        const made = times.flatMap((time) => {
          now = time;
          return [ids.uuid(), ids.uuid()];
        });

        expect(made).toEqual([...new Set(made)].sort());
      }),
    );

    const busy = new RandomIds(() => 1_000);
    const made = Array.from({ length: 10_000 }, () => busy.uuid());

    expect(made).toEqual([...new Set(made)].sort());
    expect(made.at(-1)).toMatch(UUID(7));
  });

  it('differ at the same time', () => {
    const now = () => 1_000;

    expect(new RandomIds(now).uuid()).not.toBe(new RandomIds(now).uuid());
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

  it.each([
    ['a random id', '2f0a7c1e-6d4b-4b0e-9d0a-5b8c3d2e1f00', 'a', 'c25791ed-abb3-55a1-b0eb-e160d43a260b'],
    [
      'a random id in upper case',
      '2F0A7C1E-6D4B-4B0E-9D0A-5B8C3D2E1F00',
      'a',
      'c25791ed-abb3-55a1-b0eb-e160d43a260b',
    ],
    [
      'an id derived before',
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
      'größer',
      '712ef5cc-b63d-551a-a274-4f986909e926',
    ],
    ['a text', 'access code', 'größer', '38772412-0ba7-5dec-a346-706bb295669f'],
  ])('derived in %s stay what they were', (_space, space, name, id) => {
    expect(derivedId(space, name)).toBe(id);
  });

  it('derived in a named space are the same each time, and differ by space and by name', () => {
    fc.assert(
      fc.property(text, text, text, (space, one, other) => {
        expect(derivedId(space, one)).toMatch(V5);
        expect(derivedId(space, one)).toBe(derivedId(space, one));
        expect(derivedId(space, one) === derivedId(space, other)).toBe(one === other);
        expect(derivedId(`${space}x`, one)).not.toBe(derivedId(space, one));
      }),
    );
  });

  it('derived in a new id begin as it does, and differ by it and by name; derived in those they do not', () => {
    const ids = new RandomIds(() => 1_000);
    const beginning = (id: string) => id.slice(0, 14) + id.slice(15, 18);
    fc.assert(
      fc.property(text, text, (one, other) => {
        const space = ids.uuid();
        const id = derivedId(space, one);

        expect(id).toMatch(UUID(8));
        expect(beginning(id)).toBe(beginning(space));
        expect(derivedId(id, one)).toMatch(V5);
        expect(derivedId(space.toUpperCase(), one)).toBe(id);
        expect(id === derivedId(space, other)).toBe(one === other);
        expect(new Set([space, id, derivedId(id, one), derivedId(ids.uuid(), one)]).size).toBe(4);
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
