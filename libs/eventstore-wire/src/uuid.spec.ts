import fc from 'fast-check';
import { uuidBytes, uuidText } from './uuid';

const PATTERN = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

describe('a UUID', () => {
  it('is the same after it was text, with dashes or without, in capitals or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = uuidText(bytes);

        expect(Buffer.from(uuidBytes(text))).toEqual(Buffer.from(bytes));
        expect(uuidBytes(text.toUpperCase().replaceAll('-', ''))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('is nothing else', () => {
    const almost = fc
      .tuple(fc.uuid(), fc.nat(36), fc.nat(2), fc.string({ unit: 'grapheme', maxLength: 2 }))
      .map(([uuid, at, cut, put]) => uuid.slice(0, at) + put + uuid.slice(at + cut));
    const isTaken = (text: string): boolean => {
      try {
        uuidBytes(text);
        return true;
      } catch (error) {
        return !(error instanceof RangeError);
      }
    };
    fc.assert(
      fc.property(almost, (text) => {
        expect([text, isTaken(text)]).toEqual([text, PATTERN.test(text)]);
      }),
      { numRuns: 2000 },
    );
    expect(isTaken('')).toBe(false);
    expect(isTaken('\u0130'.repeat(32))).toBe(false);
  });
});
