/**
 * The calls to locks that are under way in this process. A lock's report may overtake the answer to the very
 * call that it reports on; whoever takes reports waits for the call first.
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

  /** Resolves when the calls to a lock that were under way are over, however they ended. */
  async settled(deviceId: string): Promise<void> {
    await Promise.allSettled([...(this.running.get(deviceId) ?? [])]);
  }
}
