import type { LockCode } from './agenda-changes';

/** What a call may end with: the id that the lock answered for a code. */
interface Answered {
  readonly lockCode?: LockCode;
}

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

  /**
   * Resolves when the current calls to a lock have ended, successfully or not.
   * @returns the ids that the lock answered; the agenda may not have them yet
   */
  async settled(deviceId: string): Promise<LockCode[]> {
    const ended = await Promise.allSettled([...(this.running.get(deviceId) ?? [])]);
    return ended.flatMap((call) =>
      call.status === 'fulfilled' ? ((call.value as Answered | undefined)?.lockCode ?? []) : [],
    );
  }
}
