import fc from 'fast-check';
import { detailOf } from './entry';

test('a fact is shown in the API’s spelling, without the seal or fingerprint of a PIN', () => {
  const content = {
    name: 'Guest',
    pin: { keyId: 'key', box: 'sealed' },
    pinFingerprint: 'print',
    window: null,
  };
  expect(detailOf({ commandId: 'command-1', content, attempt: 1, all: [content] })).toEqual({
    command_id: 'command-1',
    content: { name: 'Guest', window: null },
    attempt: 1,
    all: [{ name: 'Guest', window: null }],
  });
});

test('names that clients gave stay as they are', () => {
  expect(detailOf({ customMetadata: { bookingId: 'b' } })).toEqual({ custom_metadata: { bookingId: 'b' } });
});

test('of any fact, nothing under a name of PINs is left', () => {
  const names = fc.constantFrom('pin', 'pinFingerprint', 'content', 'fields', 'told');
  const { data } = fc.letrec<{ data: object; value: unknown }>((tie) => ({
    data: fc.dictionary(names, tie('value'), { maxKeys: 4 }),
    value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.constant(null), tie('data'), fc.array(tie('data'))),
  }));
  fc.assert(
    fc.property(data, (fact) => {
      expect(JSON.stringify(detailOf(fact))).not.toMatch(/"pin(_fingerprint)?":/);
    }),
  );
});
