import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm';
import { HmacKey } from './hmac-key';

/**
 * The vault's own keys, 32 bytes each. They are kept next to the keys of the PINs, sealed by the master key, so that
 * the master key can be replaced without sealing anything else again.
 */
export interface Keyring {
  /** Wraps the keys of the PINs. */
  readonly wrap: Buffer;
  /** What seals other secrets and marks facts is derived from it. */
  readonly root: Buffer;
  /** Whether the master key is still the one that once made fingerprints of PINs. */
  readonly masterKeyIsOld: boolean;
}

export function newKeyring(): Keyring {
  return { wrap: randomBytes(32), root: randomBytes(32), masterKeyIsOld: false };
}

/** For a vault of the version that used the master key itself: keys of PINs are wrapped as they were. */
export function keyringOfOldVault(masterKey: Buffer): Keyring {
  return { wrap: derived(masterKey, 'wrap'), root: randomBytes(32), masterKeyIsOld: true };
}

export function sealKeyring(masterKey: Buffer, { wrap, root, masterKeyIsOld }: Keyring): string {
  const text = JSON.stringify({
    wrap: wrap.toString('base64'),
    root: root.toString('base64'),
    masterKeyIsOld,
  });
  return encrypt(derived(masterKey, 'keyring'), Buffer.from(text, 'utf8'), PURPOSE);
}

/** @throws Error if it was sealed by another master key */
export function openKeyring(masterKey: Buffer, sealed: string): Keyring {
  const text = decrypt(derived(masterKey, 'keyring'), sealed, PURPOSE).toString('utf8');
  const { wrap, root, masterKeyIsOld } = JSON.parse(text) as Record<'wrap' | 'root', string> & {
    masterKeyIsOld: boolean;
  };
  return {
    wrap: Buffer.from(wrap, 'base64'),
    root: Buffer.from(root, 'base64'),
    masterKeyIsOld,
  };
}

const PURPOSE = 'keyring';

/** A text that only the holder of this master key can make: kept next to the keys, it shows that a key is wrong. */
export function checkValue(masterKey: Buffer): string {
  return new HmacKey(derived(masterKey, 'check')).ofText('latchkey vault');
}

const WITHOUT_SALT = new HmacKey(Buffer.alloc(0));

/**
 * A key (32 bytes) for one use, from which neither the other key nor those for other uses can be derived: HKDF (RFC 5869)
 * with SHA-256, which for so short a key is two HMACs. Every PIN takes one, and Node's own takes three times as long.
 */
export function derived(key: Buffer, use: string): Buffer {
  const extracted = new HmacKey(WITHOUT_SALT.ofBytes(key));
  return extracted.ofBytes(Buffer.from(`latchkey/v1/${use}\u0001`, 'utf8'));
}
