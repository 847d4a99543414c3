import { LRUCache } from 'lru-cache';
import { type Database } from './database';

/**
 * Rows that nearly every request reads, kept in memory until something is written: another process is noticed by the
 * database's version, and writers in this one call `write`. Where the version can't be read nothing is kept.
 */
export class KeptRows<V extends object> {
  private readonly kept: LRUCache<string, V>;
  private version: number | undefined;
  private writes = 0;

  /**
   * @param max how many are kept at most
   * @param sizeOf as how many one counts; left out: each as one
   */
  constructor(
    private readonly database: Pick<Database<unknown>, 'foreignVersion'>,
    max: number,
    sizeOf?: (value: V) => number,
  ) {
    this.kept = new LRUCache(sizeOf ? { maxSize: max, sizeCalculation: sizeOf } : { max });
  }

  /** What is kept under `key` now; nothing is read. */
  peek(key: string): V | undefined {
    return this.isKeeping() ? this.kept.get(key) : undefined;
  }

  /** What is kept under `key`, or what `load` finds; a missing row is not kept. */
  async get(key: string, load: () => Promise<V | null>): Promise<V | null> {
    if (!this.isKeeping()) return load();
    const kept = this.kept.get(key);
    if (kept) return kept;
    const { writes } = this;
    const found = await load();
    if (found && writes === this.writes) this.kept.set(key, found);
    return found;
  }

  /** The same for several keys, with one `load` for all that are not kept. */
  async getAll(
    keys: readonly string[],
    load: (missing: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  ): Promise<ReadonlyMap<string, V>> {
    if (!this.isKeeping()) return load(keys);
    const found = new Map<string, V>();
    const missing: string[] = [];
    for (const key of keys) {
      const kept = this.kept.get(key);
      if (kept) found.set(key, kept);
      else missing.push(key);
    }
    if (missing.length === 0) return found;
    const { writes } = this;
    for (const [key, value] of await load(missing)) {
      found.set(key, value);
      if (writes === this.writes) this.kept.set(key, value);
    }
    return found;
  }

  /** Runs `work`, which changes rows. What is kept, or was read meanwhile, is dropped. */
  async written<R>(write: () => Promise<R>): Promise<R> {
    this.forget();
    try {
      return await write();
    } finally {
      this.forget();
    }
  }

  /** Rows have changed, and what is kept of them was changed as well. What was read meanwhile is not kept. */
  wasChanged(): void {
    this.writes++;
  }

  /** Rows have changed. What is kept, or was read meanwhile, is dropped. */
  forget(): void {
    this.writes++;
    this.kept.clear();
  }

  /** Drops what is kept where another process has written; false where that can't be noticed. */
  private isKeeping(): boolean {
    const version = this.database.foreignVersion?.();
    if (version === undefined) return false;
    if (version !== this.version) {
      this.forget();
      this.version = version;
    }
    return true;
  }
}
