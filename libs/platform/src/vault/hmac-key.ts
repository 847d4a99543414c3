import { hash } from 'node:crypto';

/** Bytes that SHA-256 takes at a time, and gives. */
const BLOCK = 64;
const DIGEST = 32;
const INNER = 0x36;
const OUTER = 0x5c;
/** Most texts are shorter: they are put where the last one was. */
const SCRATCH = 4_096;

const inner = Buffer.allocUnsafeSlow(BLOCK + SCRATCH);
const outer = Buffer.allocUnsafeSlow(BLOCK + DIGEST);

/**
 * HMAC-SHA-256 (RFC 2104) under one key. Made of two calls that hash: each of Node's `Hmac` objects costs the garbage
 * collector more than that, and every fact needs several.
 */
export class HmacKey {
  private readonly inner: Buffer;
  private readonly outer: Buffer;

  constructor(key: Uint8Array) {
    const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
    this.inner = Buffer.alloc(BLOCK, INNER);
    this.outer = Buffer.alloc(BLOCK, OUTER);
    for (let at = 0; at < short.length; at++) {
      this.inner[at]! ^= short[at]!;
      this.outer[at]! ^= short[at]!;
    }
  }

  /** Of a text as UTF-8. @returns base64url */
  ofText(text: string): string {
    // A UTF-16 unit is at most three bytes of UTF-8.
    const input = text.length * 3 <= SCRATCH ? inner : Buffer.allocUnsafeSlow(BLOCK + text.length * 3);
    this.inner.copy(input);
    return this.finished(input, BLOCK + input.write(text, BLOCK, 'utf8'), 'base64url');
  }

  /** Of bytes. */
  ofBytes(bytes: Uint8Array): Buffer {
    const input = Buffer.concat([this.inner, bytes]);
    return Buffer.from(this.finished(input, input.length, 'binary'), 'binary');
  }

  private finished(input: Buffer, end: number, encoding: 'base64url' | 'binary'): string {
    const digest = hash('sha256', input.subarray(0, end), 'binary');
    // What was hashed may be a PIN, and the key is next to it.
    input.fill(0, 0, end);
    this.outer.copy(outer);
    outer.write(digest, BLOCK, 'binary');
    return hash('sha256', outer, encoding);
  }
}
