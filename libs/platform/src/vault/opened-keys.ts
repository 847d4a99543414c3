import { LRUCache } from 'lru-cache';

/** How many opened keys are kept, with the PINs that they opened: a few megabytes. */
const KEPT = 20_000;

interface OpenedKey {
  readonly key: Buffer;
  /** The last PIN that it has opened or sealed, and its box: a code rarely has another one. */
  box: string | undefined;
  pin: string | undefined;
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
    if (asOf === this.erasures && !this.kept.has(keyId))
      this.kept.set(keyId, { key, box: undefined, pin: undefined });
  }

  pin(keyId: string, box: string): string | undefined {
    const kept = this.kept.get(keyId);
    return kept?.box === box ? kept.pin : undefined;
  }

  /** Of a key that is kept. */
  keepPin(keyId: string, box: string, pin: string): void {
    const kept = this.kept.get(keyId);
    if (!kept) return;
    kept.box = box;
    kept.pin = pin;
  }

  forget(keyId: string): void {
    this.erasures++;
    this.kept.delete(keyId);
  }
}
