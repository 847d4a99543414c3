/**
 * A mutex for each key, which exists as long as somebody holds it or waits for it. Every decision passes here, mostly with
 * nobody before it: async-mutex takes some 5 µs for that.
 */
export class KeyedMutex {
  /** The end of what came last. */
  private readonly last = new Map<string, Promise<unknown>>();

  /**
   * Begins `work` when the work before it on that key has ended, successfully or not.
   * @returns what `work` returns, or rejects as it does
   */
  async runExclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
    const own = (this.last.get(key) ?? FREE).then(work, work);
    this.last.set(key, own);
    try {
      return await own;
    } finally {
      if (this.last.get(key) === own) this.last.delete(key);
    }
  }
}

const FREE: Promise<unknown> = Promise.resolve();
