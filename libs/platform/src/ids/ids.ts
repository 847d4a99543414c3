import { hash, randomUUID } from 'node:crypto';
import { SeededRandom } from './random';

/** Where new ids come from. */
export interface Ids {
  /**
   * A new UUID (RFC 9562, version 7), in lower case: it begins with the time and is greater than those before it, so that
   * it is added at the end of an index by ids. Its last 62 bits are random.
   */
  uuid(): string;
}

/** Ids by the machine's clock and the operating system's cryptographic generator. */
export class RandomIds implements Ids {
  private readonly order: Order;

  constructor(now: () => number = Date.now) {
    this.order = new Order(now);
  }

  uuid(): string {
    return this.order.next() + randomUUID().slice(AFTER_ORDER);
  }
}

/** The same ids for the same seed: for tests. */
export class SeededIds implements Ids {
  private readonly order = new Order(() => Date.UTC(2000, 0));
  private readonly random: SeededRandom;

  constructor(seed: number | string) {
    this.random = new SeededRandom(seed);
  }

  uuid(): string {
    return this.order.next() + formatted(this.random.bytes(16).toString('hex'), 7).slice(AFTER_ORDER);
  }
}

/** As many characters as have the time, the version and the count. */
const AFTER_ORDER = 18;
const MOST_IN_MS = 0xfff;

/** What ids of version 7 begin with: ms, and a count within one. Used up, or with the clock set back, it runs ahead. */
class Order {
  private ms = 0;
  private count = 0;
  private beginning = '';

  constructor(private readonly now: () => number) {}

  next(): string {
    const now = this.now();
    if (now > this.ms) this.begin(now);
    else if (this.count === MOST_IN_MS) this.begin(this.ms + 1);
    else this.count += 1;
    return this.beginning + this.count.toString(16).padStart(3, '0');
  }

  private begin(ms: number): void {
    this.ms = ms;
    this.count = 0;
    const digits = ms.toString(16).padStart(12, '0');
    this.beginning = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
  }
}

// Namespaces that are plain names are first derived under this one, which belongs to Latchkey alone.
const LATCHKEY = '5f0c8a54-2f0c-4d6e-9d5e-3a1d3c1f7b60';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The id that belongs to `name` within `namespace`: a UUID (RFC 9562), the same each time, so that what is made twice
 * from one source is recognised as one. `namespace` is a UUID or any other text. Within a new id (version 7) it begins with
 * the same time and is of version 8; otherwise it is of version 5, so that of what a device has no two begin alike.
 */
export function derivedId(namespace: string, name: string): string {
  const space = UUID.test(namespace) ? namespace : derivedId(LATCHKEY, namespace);
  const derived = formatted(hash('sha1', hashed(space, name), 'hex'), 5);
  if (space[14] !== '7') return derived;
  return `${space.slice(0, 14).toLowerCase()}8${space.slice(15, AFTER_ORDER).toLowerCase()}${derived.slice(AFTER_ORDER)}`;
}

function hashed(space: string, name: string): Buffer {
  const bytes = Buffer.allocUnsafe(16 + Buffer.byteLength(name));
  bytes.write(space.replaceAll('-', ''), 0, 'hex');
  bytes.write(name, 16);
  return bytes;
}

/** These hexadecimal digits as a UUID of that version. */
function formatted(digits: string, version: number): string {
  const variant = ((parseInt(digits[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${version}${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
