import fc from 'fast-check';
import { isJson, OwnEvents } from './own-events';

const again = { data: { n: 1 }, metadata: {} as never, written: { data: '{"n":1}', metadata: '{}' } };
const [data, metadata] = [Buffer.from('{"n":1}'), Buffer.from('{}')];

describe('own events', () => {
  it('are known once, by every byte', () => {
    const own = new OwnEvents();
    const other = Buffer.from('{"n":2}');
    own.remember('1', data, metadata, again);
    own.remember('2', data, metadata, again);
    own.remember('3', data, metadata, again);

    expect(own.take('1', Buffer.from(data), Buffer.from(metadata))).toBe(again);
    expect(own.take('1', data, metadata)).toBeUndefined();
    expect(own.take('2', other, metadata)).toBeUndefined();
    expect(own.take('3', data, other)).toBeUndefined();
    expect(own.take('4', data, metadata)).toBeUndefined();
  });

  it('are forgotten, the oldest first, where many never come back', () => {
    const own = new OwnEvents();
    for (let n = 0; n < 2_001; n++) own.remember(String(n), data, metadata, again);

    expect(own.take('0', data, metadata)).toBeUndefined();
    expect(own.take('1', data, metadata)).toBe(again);
  });
});

it('what is said to be JSON is what is read from its JSON', () => {
  const odd = fc.constantFrom<unknown>(
    undefined,
    -0,
    Number.NaN,
    Infinity,
    1n,
    new Date(0),
    Buffer.from('x'),
    new Map(),
  );
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.jsonValue() },
    fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), odd)),
    fc.array(fc.oneof(fc.jsonValue(), odd)),
    odd,
  );
  fc.assert(
    fc.property(value, (given) => {
      const again = isJson(given) ? (JSON.parse(JSON.stringify(given)) as unknown) : given;
      expect(again).toStrictEqual(given);
    }),
  );
});

it.each<[string, unknown]>([
  ['an event', { a: 'x', b: [1, { c: null }], d: true }],
  ['a text', ''],
])('%s is JSON', (_what, value) => expect(isJson(value)).toBe(true));
