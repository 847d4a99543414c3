import fc from 'fast-check';
import { createHmac, hkdfSync } from 'node:crypto';
import { HmacKey } from './hmac-key';
import { derived } from './keyring';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe('an HMAC key', () => {
  // Its test case 2.
  it('makes what RFC 4231 says', () => {
    const made = new HmacKey(Buffer.from('Jefe')).ofText('what do ya want for nothing?');
    expect(Buffer.from(made, 'base64url').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('makes what Node makes, of any text and any bytes, under any key', () => {
    fc.assert(
      fc.property(
        bytes(200),
        fc.string({ unit: 'binary', maxLength: 3_000 }),
        bytes(3_000),
        (key, text, data) => {
          const hmac = () => createHmac('sha256', key);
          const made = new HmacKey(key);
          expect(made.ofText(text)).toBe(hmac().update(text, 'utf8').digest('base64url'));
          expect(made.ofBytes(data)).toEqual(hmac().update(data).digest());
          expect(made.ofText(text)).toBe(hmac().update(text, 'utf8').digest('base64url'));
        },
      ),
    );
  });
});

it('a key for one use is what HKDF derives', () => {
  fc.assert(
    fc.property(bytes(64), fc.string(), (key, use) => {
      const right = hkdfSync('sha256', key, Buffer.alloc(0), `latchkey/v1/${use}`, 32);
      expect(derived(Buffer.from(key), use)).toEqual(Buffer.from(right));
    }),
  );
});
