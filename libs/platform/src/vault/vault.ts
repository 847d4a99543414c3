import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm';
import { type KeyStore } from './key-store';

/** What events carry in place of a PIN: unreadable without the vault, and without the key that `keyId` names. */
export interface SealedPin {
  keyId: string;
  box: string;
}

/** Keeps PINs unreadable outside memory, and makes erasing one key erase its PIN everywhere. */
export interface Vault {
  /**
   * Seals a PIN with AES-256-GCM under the key of that id, which is made at its first use and is on the disk
   * before this promise is kept. The box works for this key id only.
   * @throws KeyErasedError if that key has been erased: key ids are used once.
   */
  seal(keyId: string, pin: string): Promise<SealedPin>;
  /** The PIN, or null once its key has been erased. */
  open(sealed: SealedPin): Promise<string | null>;
  /** Destroys a key: every box under it is unreadable for ever. May be repeated. */
  erase(keyId: string): Promise<void>;
  /**
   * A keyed fingerprint (HMAC-SHA-256, base64url): equal texts in one scope are told to be equal, and nobody
   * without the master key can find the text by trying them all.
   */
  fingerprint(scope: string, text: string): string;
  /** Seals a token or another secret that is not erased on its own, straight under the master key. */
  sealSecret(purpose: string, text: string): string;
  /** @throws Error if it was not sealed for that purpose under this master key. */
  openSecret(purpose: string, sealed: string): string;
}

/** A key that was erased was to be used again. */
export class KeyErasedError extends Error {
  override readonly name = 'KeyErasedError';
}

/** Makes a vault from the place that keeps its keys and the master key (32 bytes). */
export function createVault(keys: KeyStore, masterKey: Buffer): Vault {
  const wrapping = derived(masterKey, 'wrap');
  const fingerprinting = derived(masterKey, 'fingerprint');
  const unwrap = (keyId: string, wrapped: string) => decrypt(wrapping, wrapped, keyId);

  async function keyFor(keyId: string): Promise<Buffer> {
    const wrapped =
      (await keys.find(keyId)) ?? (await keys.add(keyId, encrypt(wrapping, randomBytes(32), keyId)));
    if (wrapped === null) throw new KeyErasedError(`The key ${keyId} has been erased.`);
    return unwrap(keyId, wrapped);
  }

  return {
    async seal(keyId, pin) {
      const plain = padded(pin);
      return { keyId, box: encrypt(await keyFor(keyId), plain, keyId) };
    },
    async open({ keyId, box }) {
      const wrapped = await keys.find(keyId);
      if (wrapped === null) return null;
      if (wrapped === undefined) throw new Error(`The vault has no key ${keyId}.`);
      return unpadded(decrypt(unwrap(keyId, wrapped), box, keyId));
    },
    erase: (keyId) => keys.erase(keyId),
    fingerprint: (scope, text) =>
      createHmac('sha256', fingerprinting)
        .update(`${Buffer.byteLength(scope)}:${scope}${text}`, 'utf8')
        .digest('base64url'),
    sealSecret: (purpose, text) =>
      encrypt(derived(masterKey, `secret/${purpose}`), Buffer.from(text, 'utf8'), purpose),
    openSecret: (purpose, sealed) =>
      decrypt(derived(masterKey, `secret/${purpose}`), sealed, purpose).toString('utf8'),
  };
}

/** A text that only the holder of this master key can make: kept beside the keys, it tells a wrong one. */
export function checkValue(masterKey: Buffer): string {
  return createHmac('sha256', derived(masterKey, 'check')).update('latchkey vault').digest('base64url');
}

function derived(masterKey: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `latchkey/v1/${use}`, 32));
}

// A box as long as its PIN would tell how many digits to try: all are filled up to a multiple of 16 bytes.
function padded(pin: string): Buffer {
  const text = Buffer.from(pin, 'utf8');
  if (text.length > 255) throw new RangeError('A PIN of more than 255 bytes can not be sealed.');
  const plain = Buffer.alloc(Math.ceil((text.length + 1) / 16) * 16);
  plain.writeUInt8(text.length, 0);
  text.copy(plain, 1);
  return plain;
}

function unpadded(plain: Buffer): string {
  return plain.subarray(1, 1 + plain.readUInt8(0)).toString('utf8');
}
