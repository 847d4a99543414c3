import { type Random } from '@latchkey/platform';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LENGTH = 43; // 62^43 is just above 2^256
const OTHER_KINDS = /^seam_(at|cst|pk)/;

/** Draws an API key: `seam_` and 32 random bytes in base 62, never one that reads as another kind of token. */
export function newApiToken(random: Random): string {
  for (;;) {
    let number = BigInt(`0x${random.bytes(32).toString('hex')}`);
    let digits = '';
    for (let place = 0; place < LENGTH; place += 1) {
      digits = ALPHABET[Number(number % 62n)]! + digits;
      number /= 62n;
    }
    const token = `seam_${digits}`;
    if (!OTHER_KINDS.test(token)) return token;
  }
}
