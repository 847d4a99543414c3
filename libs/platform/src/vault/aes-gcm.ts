import { createCipheriv, createDecipheriv } from 'node:crypto';
import { CryptoRandom } from '../ids/random';

const random = new CryptoRandom();

const NONCE = 12;
const TAG = 16;
const VERSION = 'v1.';

/** AES-256-GCM with a random nonce: `v1.` and base64url of nonce, ciphertext and tag. `bound` is authenticated. */
export function encrypt(key: Buffer, plain: Buffer, bound: string): string {
  const nonce = random.bytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound, 'utf8'));
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return VERSION + sealed.toString('base64url');
}

/** @throws Error if the box was made under another key, for something else, or has been changed. */
export function decrypt(key: Buffer, box: string, bound: string): Buffer {
  const sealed = Buffer.from(box.slice(VERSION.length), 'base64url');
  if (!box.startsWith(VERSION) || sealed.length < NONCE + TAG) {
    throw new Error('This is not a sealed box of a known version.');
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(bound, 'utf8')).setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
  } catch (cause) {
    throw new Error('A sealed box could not be opened: another key, another use, or damaged.', { cause });
  }
}
