/**
 * The calls to locks that this process is making. A lock's report may overtake the answer to the call that it is
 * about; so reports wait for the call first.
 */
export class InFlightCalls {
  private readonly running = new Map<string, Set<Promise<unknown>>>();

  async during<T>(deviceId: string, call: Promise<T>): Promise<T> {
    const calls = this.running.get(deviceId) ?? new Set();
    this.running.set(deviceId, calls);
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
      if (calls.size === 0) this.running.delete(deviceId);
    }
  }

  /** Resolves when the current calls to a lock have ended, successfully or not. */
  async settled(deviceId: string): Promise<void> {
    await Promise.allSettled([...(this.running.get(deviceId) ?? [])]);
  }
}
