import { timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { decrypt, encrypt } from './aes-gcm';
import { HmacKey } from './hmac-key';
import { type KeyStore } from './key-store';
import { derived, type Keyring } from './keyring';
import { OpenedKeys } from './opened-keys';
import { type PinOfCode, type SealedPin, SealedPins } from './sealed-pins';

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
  /** Those of the key ids for which there never was a key; an erased key is not among them. */
  unknownKeys(keyIds: readonly string[]): Promise<string[]>;
  /** Destroys a key: every box under it is unreadable for ever, and its fingerprints are useless. May be repeated. */
  erase(keyId: string): Promise<void>;
  /** An HMAC-SHA-256 (base64url) of a text that is not secret for as long as PINs are, for one scope. */
  fingerprint(scope: string, text: string): string;
  /** The same under a key that can be erased. @throws KeyErasedError */
  fingerprintUnder(keyId: string, text: string): Promise<string>;
  /** Seals a token or another secret that is not erased on its own. */
  sealSecret(purpose: string, text: string): string;
  /** @throws Error if it was not sealed for that purpose by this vault. */
  openSecret(purpose: string, sealed: string): string;
  /** A mark (HMAC-SHA-256, base64url) by which this vault recognises a text. */
  mark(text: string): string;
  /** Whether it is the mark of that text. */
  isMarked(text: string, mark: string): boolean;
}

/** Each command to a lock opens a token: deriving its key costs more than opening it. */
const SECRET_KEYS_KEPT = 1_000;

/**
 * Makes a vault from the place that keeps the keys of its PINs, and its own keys.
 * @param alone no other process erases keys there: those that were used are kept in memory, until they are erased
 */
export function createVault(keys: KeyStore, { wrap, root }: Keyring, alone = false): Vault {
  const pins = new SealedPins(keys, wrap, alone ? new OpenedKeys() : undefined);
  const fingerprinting = new HmacKey(derived(root, 'fingerprint'));
  const marking = new HmacKey(derived(root, 'mark'));
  const secretKeys = new LRUCache<string, Buffer>({
    max: SECRET_KEYS_KEPT,
    memoMethod: (purpose) => derived(root, `secret/${purpose}`),
  });
  return {
    seal: async (keyId, pin) => (await pins.seal(keyId, pin)).pin,
    sealPin: (keyId, pin) => pins.seal(keyId, pin),
    open: (sealed) => pins.open(sealed),
    openAll: (sealed) => pins.openAll(sealed),
    async unknownKeys(keyIds) {
      const asked = [...new Set(keyIds)];
      const found = await keys.findAll(asked);
      return asked.filter((keyId) => !found.has(keyId));
    },
    erase: (keyId) => pins.erase(keyId),
    fingerprint: (scope, text) => fingerprinting.ofText(scoped(scope, text)),
    fingerprintUnder: (keyId, text) => pins.fingerprintUnder(keyId, text),
    sealSecret: (purpose, text) => encrypt(secretKeys.memo(purpose), Buffer.from(text, 'utf8'), purpose),
    openSecret: (purpose, sealed) => decrypt(secretKeys.memo(purpose), sealed, purpose).toString('utf8'),
    mark: (text) => marking.ofText(text),
    isMarked(text, mark) {
      const [right, given] = [Buffer.from(marking.ofText(text)), Buffer.from(mark)];
      return right.length === given.length && timingSafeEqual(right, given);
    },
  };
}

/** What the earlier version sealed by the master key itself. @throws Error if it was sealed otherwise */
export function openOldSecret(masterKey: Buffer, purpose: string, sealed: string): string {
  return decrypt(derived(masterKey, `secret/${purpose}`), sealed, purpose).toString('utf8');
}

const scoped = (scope: string, text: string): string => `${Buffer.byteLength(scope)}:${scope}${text}`;
