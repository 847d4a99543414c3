import { CryptoRandom } from '../ids/random';
import { decrypt, encrypt } from './aes-gcm';
import { HmacKey } from './hmac-key';
import { type KeyStore } from './key-store';
import { derived } from './keyring';
import { type OpenedKeys } from './opened-keys';

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

/** An attempt to use a key that was erased. */
export class KeyErasedError extends Error {
  override readonly name = 'KeyErasedError';
}

/** The part of the vault that seals each PIN under a key of its own, which can be erased. */
export class SealedPins {
  constructor(
    private readonly keys: KeyStore,
    /** What the keys are wrapped by. */
    private readonly wrap: Buffer,
    /** Those that are kept in memory; undefined where another process may erase one. */
    private readonly opened: OpenedKeys | undefined,
  ) {}

  async seal(keyId: string, text: string): Promise<PinOfCode> {
    const plain = padded(text);
    const key = await this.keyFor(keyId, true);
    const box = encrypt(key, plain, keyId);
    this.opened?.keepPin(keyId, box, text);
    return { pin: { keyId, box }, pinFingerprint: fingerprintOf(key, text) };
  }

  async open(sealed: SealedPin): Promise<string | null> {
    const { keyId, box } = sealed;
    const { opened } = this;
    const known = opened?.pin(keyId, box);
    if (known !== undefined) return known;
    const asOf = opened?.asOf;
    const kept = opened?.key(keyId);
    if (kept) return this.openBox(kept, sealed);
    const wrapped = await this.keys.find(keyId);
    if (wrapped === null) return null;
    if (wrapped === undefined) throw new Error(`The vault has no key ${keyId}.`);
    return this.openBox(this.unwrap(keyId, wrapped, asOf), sealed);
  }

  async openAll(sealed: readonly SealedPin[]): Promise<(string | null)[]> {
    const { opened } = this;
    const asOf = opened?.asOf;
    const unknown = new Set<string>();
    for (const { keyId } of sealed) if (!opened?.key(keyId)) unknown.add(keyId);
    const found = unknown.size === 0 ? undefined : await this.keys.findAll([...unknown]);
    return sealed.map((each) => {
      const known = opened?.pin(each.keyId, each.box);
      if (known !== undefined) return known;
      const wrapped = found?.get(each.keyId);
      try {
        const key = opened?.key(each.keyId) ?? (wrapped && this.unwrap(each.keyId, wrapped, asOf));
        return key ? this.openBox(key, each) : null;
      } catch {
        return null;
      }
    });
  }

  async erase(keyId: string): Promise<void> {
    this.opened?.forget(keyId);
    try {
      await this.keys.erase(keyId);
    } finally {
      this.opened?.forget(keyId);
    }
  }

  async fingerprintUnder(keyId: string, text: string): Promise<string> {
    return fingerprintOf(await this.keyFor(keyId, false), text);
  }

  /** @param isNew most likely there is no such key: it is made without being looked up first */
  private async keyFor(keyId: string, isNew: boolean): Promise<Buffer> {
    const kept = this.opened?.key(keyId);
    if (kept) return kept;
    const asOf = this.opened?.asOf;
    const found = isNew ? undefined : await this.keys.find(keyId);
    if (found === undefined) return this.newKey(keyId, asOf);
    return this.unwrap(keyId, notErased(keyId, found), asOf);
  }

  /** A key that was just made, or the one that was there before. */
  private async newKey(keyId: string, asOf: number | undefined): Promise<Buffer> {
    const key = random.bytes(KEY);
    const wrapped = encrypt(this.wrap, key, keyId);
    const kept = notErased(keyId, await this.keys.add(keyId, wrapped));
    return kept === wrapped ? this.keep(keyId, key, asOf) : this.unwrap(keyId, kept, asOf);
  }

  private unwrap(keyId: string, wrapped: string, asOf: number | undefined): Buffer {
    return this.keep(keyId, decrypt(this.wrap, wrapped, keyId), asOf);
  }

  private keep(keyId: string, key: Buffer, asOf: number | undefined): Buffer {
    if (asOf !== undefined) this.opened?.keep(keyId, key, asOf);
    return key;
  }

  /** @throws Error if it can't be opened */
  private openBox(key: Buffer, { keyId, box }: SealedPin): string {
    const pin = unpadded(decrypt(key, box, keyId));
    this.opened?.keepPin(keyId, box, pin);
    return pin;
  }
}

const random = new CryptoRandom();

/** Bytes of a key. */
const KEY = 32;

/** @throws {KeyErasedError} */
function notErased(keyId: string, wrapped: string | null): string {
  if (wrapped === null) throw new KeyErasedError(`The key ${keyId} has been erased.`);
  return wrapped;
}

const fingerprintOf = (key: Buffer, text: string): string =>
  new HmacKey(derived(key, 'fingerprint')).ofText(text);

// A box as long as its PIN would reveal how many digits to try: all are filled up to a multiple of 16 bytes.
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
