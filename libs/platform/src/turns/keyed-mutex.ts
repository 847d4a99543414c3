import { Mutex } from 'async-mutex';

/** A mutex for each key, which exists as long as somebody holds it or waits for it. */
export class KeyedMutex {
  private readonly held = new Map<string, Mutex>();

  /**
   * Begins `work` when the work before it on that key has ended, successfully or not.
   * @returns what `work` returns, or rejects as it does
   */
  async runExclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
    let mutex = this.held.get(key);
    if (!mutex) this.held.set(key, (mutex = new Mutex()));
    try {
      return await mutex.runExclusive(work);
    } finally {
      // The next one that waited has it by now.
      if (!mutex.isLocked()) this.held.delete(key);
    }
  }
}
