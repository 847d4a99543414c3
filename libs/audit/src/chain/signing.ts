import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { Link } from './chain';

/** A signed link of a workspace's chain: it shows later whether history is still the same. */
export interface SignedLink extends Link {
  readonly workspaceId: string;
  /** ISO 8601, by the server's clock. */
  readonly at: string;
  /** Of the end of an export: the SHA-256 of all that is before it in the file, hexadecimal. */
  readonly file?: string | undefined;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** Where the server keeps its signing key, sealed. */
export interface SecretSettings {
  setSecretIfAbsent(key: string, value: string): Promise<string>;
}

const SETTING = 'audit.signing_key';

/** Signs links of chains with the server's key. */
export class ChainSigner {
  private constructor(private readonly key: KeyObject) {}

  /** With the server's key, which is created on first use. */
  static async open(settings: SecretSettings): Promise<ChainSigner> {
    const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' });
    const kept = await settings.setSecretIfAbsent(SETTING, made.toString('base64'));
    return new ChainSigner(
      createPrivateKey({ key: Buffer.from(kept, 'base64'), type: 'pkcs8', format: 'der' }),
    );
  }

  /** The public key, with which anybody can check signatures: SPKI, base64. */
  get publicKey(): string {
    return createPublicKey(this.key).export({ type: 'spki', format: 'der' }).toString('base64');
  }

  /** @param file the SHA-256 of the file that the link ends, hexadecimal; left out where it ends none */
  sign(workspaceId: string, { length, hash }: Link, at: string, file?: string): SignedLink {
    const link = { workspaceId, length, hash, at, ...(file === undefined ? {} : { file }) };
    return { ...link, signature: this.signText(textOf(link)) };
  }

  /** @returns base64url */
  signText(text: string): string {
    return sign(null, Buffer.from(text, 'utf8'), this.key).toString('base64url');
  }
}

/** Whether a link was signed by the key; false for an invalid key, too. */
export function isSignedBy(publicKey: string, link: SignedLink): boolean {
  return isSigned(publicKey, textOf(link), link.signature);
}

/** Whether a text was signed by the key; false for an invalid key, too. @param signed base64url */
export function isSigned(publicKey: string, text: string, signed: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
    const signature = Buffer.from(signed, 'base64url');
    // The same bytes can be written in several ways: only one is what was signed.
    return (
      signature.toString('base64url') === signed && verify(null, Buffer.from(text, 'utf8'), key, signature)
    );
  } catch {
    return false;
  }
}

function textOf({ workspaceId, length, hash, at, file }: Omit<SignedLink, 'signature'>): string {
  const parts = ['latchkey chain/1', workspaceId, length, hash, at, ...(file === undefined ? [] : [file])];
  return parts.join('\n');
}
