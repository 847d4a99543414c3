import { LRUCache } from 'lru-cache';
import { type Database } from './database';

/**
 * Rows that nearly every request reads, kept in memory until anybody writes: another process is noticed by the
 * database's version, and whoever writes in this one says so by `written`. Where the version can't be told nothing is
 * kept.
 */
export class KeptRows<V extends object> {
  private readonly kept: LRUCache<string, V>;
  private version: number | undefined;
  private writes = 0;

  /** @param max so many are kept at most */
  constructor(
    private readonly database: Pick<Database<unknown>, 'foreignVersion'>,
    max: number,
  ) {
    this.kept = new LRUCache({ max });
  }

  /** What is kept under `key`, or what `load` finds; that nothing is there is not kept. */
  async get(key: string, load: () => Promise<V | null>): Promise<V | null> {
    const version = this.database.foreignVersion?.();
    if (version === undefined) return load();
    if (version !== this.version) {
      this.forget();
      this.version = version;
    }
    const kept = this.kept.get(key);
    if (kept) return kept;
    const { writes } = this;
    const found = await load();
    if (found && writes === this.writes) this.kept.set(key, found);
    return found;
  }

  /** Does what changes rows. What is kept, or read meanwhile, counts no more. */
  async written<R>(write: () => Promise<R>): Promise<R> {
    this.forget();
    try {
      return await write();
    } finally {
      this.forget();
    }
  }

  private forget(): void {
    this.writes++;
    this.kept.clear();
  }
}
