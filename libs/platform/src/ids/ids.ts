import { createHash, randomUUID } from 'node:crypto';
import { SeededRandom } from './random';

/** Where new ids come from. */
export interface Ids {
  /** A new random UUID (RFC 9562, version 4), in lower case. */
  uuid(): string;
}

/** Ids from the operating system's cryptographic generator. */
export class RandomIds implements Ids {
  uuid(): string {
    return randomUUID();
  }
}

/** The same ids for the same seed: for tests. */
export class SeededIds implements Ids {
  private readonly random: SeededRandom;

  constructor(seed: number | string) {
    this.random = new SeededRandom(seed);
  }

  uuid(): string {
    return formatted(this.random.bytes(16), 4);
  }
}

// Namespaces that are plain names are first derived under this one, which belongs to Latchkey alone.
const LATCHKEY = '5f0c8a54-2f0c-4d6e-9d5e-3a1d3c1f7b60';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The id that belongs to `name` within `namespace`: a UUID of version 5 (RFC 9562), the same each time, so that
 * what is made twice from one source is recognised as one. `namespace` is a UUID or any other text.
 */
export function derivedId(namespace: string, name: string): string {
  const space = UUID.test(namespace) ? namespace : derivedId(LATCHKEY, namespace);
  const bytes = Buffer.from(space.replaceAll('-', ''), 'hex');
  return formatted(createHash('sha1').update(bytes).update(name, 'utf8').digest().subarray(0, 16), 5);
}

function formatted(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
