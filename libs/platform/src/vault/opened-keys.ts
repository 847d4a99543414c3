import { LRUCache } from 'lru-cache';

/** How many opened keys are kept, with the PINs that they opened: a few megabytes. */
const KEPT = 20_000;

interface OpenedKey {
  readonly key: Buffer;
  /** The PINs that it has opened or sealed, by their boxes. */
  readonly pins: Map<string, string>;
}

/**
 * Keys of PINs that are kept in memory, opened, by the one process that may erase them. An erased key is forgotten
 * before and after it is erased, and what was looked up meanwhile is not kept.
 */
export class OpenedKeys {
  private readonly kept = new LRUCache<string, OpenedKey>({ max: KEPT });
  private erasures = 0;

  /** To be called before a key is looked up; its result is passed to `keep`. */
  get asOf(): number {
    return this.erasures;
  }

  key(keyId: string): Buffer | undefined {
    return this.kept.get(keyId)?.key;
  }

  keep(keyId: string, key: Buffer, asOf: number): void {
    if (asOf === this.erasures && !this.kept.has(keyId)) this.kept.set(keyId, { key, pins: new Map() });
  }

  pin(keyId: string, box: string): string | undefined {
    return this.kept.get(keyId)?.pins.get(box);
  }

  /** Of a key that is kept. */
  keepPin(keyId: string, box: string, pin: string): void {
    this.kept.get(keyId)?.pins.set(box, pin);
  }

  forget(keyId: string): void {
    this.erasures++;
    this.kept.delete(keyId);
  }
}
