/** Lets work on one key begin when the work before it on that key is over, however that ended. */
export class KeyedTurns {
  private readonly last = new Map<string, Promise<void>>();

  /** @returns what `work` returns, or rejects as it does */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(work);
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(key, over);
    void over.then(() => {
      if (this.last.get(key) === over) this.last.delete(key);
    });
    return turn;
  }
}
