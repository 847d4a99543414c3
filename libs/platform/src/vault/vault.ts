import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm';
import { type KeyStore } from './key-store';
import { derived, type Keyring } from './keyring';

/** What events carry in place of a PIN: unreadable without the vault, and without the key that `keyId` names. */
export interface SealedPin {
  keyId: string;
  box: string;
}

/** A PIN as events carry it. */
export interface PinOfCode {
  pin: SealedPin;
  /**
   * A keyed fingerprint (HMAC-SHA-256, base64url): equal PINs under one key are told to be equal. It is made with
   * the PIN's own key, so that erasing that key leaves nothing to test a guess with.
   */
  pinFingerprint: string;
}

/** Keeps PINs unreadable outside memory, and makes erasing one key erase its PIN everywhere. */
export interface Vault {
  /**
   * Seals a PIN with AES-256-GCM under the key of that id, which is made at its first use and is on the disk
   * before this promise is kept. The box works for this key id only.
   * @throws KeyErasedError if that key has been erased: key ids are used once.
   */
  seal(keyId: string, pin: string): Promise<SealedPin>;
  /** The same, with the PIN's fingerprint. */
  sealPin(keyId: string, pin: string): Promise<PinOfCode>;
  /** The PIN, or null once its key has been erased. @throws Error if there never was such a key */
  open(sealed: SealedPin): Promise<string | null>;
  /** Many at once, in the order given; null for one whose key has been erased, or that can't be opened. */
  openAll(sealed: readonly SealedPin[]): Promise<(string | null)[]>;
  /** Those of the key ids that there never was a key for; an erased key is none of them. */
  unknownKeys(keyIds: readonly string[]): Promise<string[]>;
  /** Destroys a key: every box under it is unreadable for ever, and its fingerprints tell nothing. May be repeated. */
  erase(keyId: string): Promise<void>;
  /** An HMAC-SHA-256 (base64url) of a text that is not secret for as long as PINs are, for one scope. */
  fingerprint(scope: string, text: string): string;
  /** The same under a key that can be erased. @throws KeyErasedError */
  fingerprintUnder(keyId: string, text: string): Promise<string>;
  /** Seals a token or another secret that is not erased on its own. */
  sealSecret(purpose: string, text: string): string;
  /** @throws Error if it was not sealed for that purpose by this vault. */
  openSecret(purpose: string, sealed: string): string;
  /** A mark (HMAC-SHA-256, base64url) by which this vault tells what it has seen before. */
  mark(text: string): string;
  /** Whether it is the mark of that text. */
  isMarked(text: string, mark: string): boolean;
}

/** A key that was erased was to be used again. */
export class KeyErasedError extends Error {
  override readonly name = 'KeyErasedError';
}

/** Makes a vault from the place that keeps the keys of its PINs, and its own keys. */
export function createVault(keys: KeyStore, { wrap, root }: Keyring): Vault {
  const unwrap = (keyId: string, wrapped: string) => decrypt(wrap, wrapped, keyId);
  const fingerprinting = derived(root, 'fingerprint');
  const marking = derived(root, 'mark');
  const secretKey = (purpose: string) => derived(root, `secret/${purpose}`);

  async function keyFor(keyId: string): Promise<Buffer> {
    const wrapped =
      (await keys.find(keyId)) ?? (await keys.add(keyId, encrypt(wrap, randomBytes(32), keyId)));
    if (wrapped === null) throw new KeyErasedError(`The key ${keyId} has been erased.`);
    return unwrap(keyId, wrapped);
  }

  async function sealPin(keyId: string, text: string): Promise<PinOfCode> {
    const plain = padded(text);
    const key = await keyFor(keyId);
    return { pin: { keyId, box: encrypt(key, plain, keyId) }, pinFingerprint: fingerprintOf(key, text) };
  }

  return {
    sealPin,
    seal: async (keyId, pin) => (await sealPin(keyId, pin)).pin,
    async open({ keyId, box }) {
      const wrapped = await keys.find(keyId);
      if (wrapped === null) return null;
      if (wrapped === undefined) throw new Error(`The vault has no key ${keyId}.`);
      return unpadded(decrypt(unwrap(keyId, wrapped), box, keyId));
    },
    async openAll(sealed) {
      const found = await keys.findAll([...new Set(sealed.map(({ keyId }) => keyId))]);
      return sealed.map(({ keyId, box }) => {
        const wrapped = found.get(keyId);
        if (!wrapped) return null;
        try {
          return unpadded(decrypt(unwrap(keyId, wrapped), box, keyId));
        } catch {
          return null;
        }
      });
    },
    async unknownKeys(keyIds) {
      const asked = [...new Set(keyIds)];
      const found = await keys.findAll(asked);
      return asked.filter((keyId) => !found.has(keyId));
    },
    erase: (keyId) => keys.erase(keyId),
    fingerprint: (scope, text) => hmac(fingerprinting, scoped(scope, text)),
    fingerprintUnder: async (keyId, text) => fingerprintOf(await keyFor(keyId), text),
    sealSecret: (purpose, text) => encrypt(secretKey(purpose), Buffer.from(text, 'utf8'), purpose),
    openSecret: (purpose, sealed) => decrypt(secretKey(purpose), sealed, purpose).toString('utf8'),
    mark: (text) => hmac(marking, text),
    isMarked(text, mark) {
      const [right, given] = [Buffer.from(hmac(marking, text)), Buffer.from(mark)];
      return right.length === given.length && timingSafeEqual(right, given);
    },
  };
}

/** What the version before sealed by the master key itself. @throws Error if it was sealed otherwise */
export function openOldSecret(masterKey: Buffer, purpose: string, sealed: string): string {
  return decrypt(derived(masterKey, `secret/${purpose}`), sealed, purpose).toString('utf8');
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('base64url');
}

const fingerprintOf = (key: Buffer, text: string): string => hmac(derived(key, 'fingerprint'), text);

const scoped = (scope: string, text: string): string => `${Buffer.byteLength(scope)}:${scope}${text}`;

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
