import type { Answer, ListedCode, LockGateway, LockRef } from '@latchkey/gateways';

/**
 * Reads locks back, and lets all who ask for one lock at the same time share an answer. Whoever asks while a
 * reading is under way gets the next one: what was read before one's question may be older than it.
 */
export class ReadBacks {
  private readonly running = new Map<string, Promise<Answer<ListedCode[]>>>();
  private readonly next = new Map<string, Promise<Answer<ListedCode[]>>>();

  constructor(private readonly gateway: LockGateway) {}

  of(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const running = this.running.get(lock.lockId);
    if (!running) return this.begin(lock);
    let next = this.next.get(lock.lockId);
    if (!next) {
      next = running.then(() => {
        this.next.delete(lock.lockId);
        return this.begin(lock);
      });
      this.next.set(lock.lockId, next);
    }
    return next;
  }

  private begin(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const answer = this.gateway
      .list(lock)
      .catch((error: unknown): Answer<ListedCode[]> => ({ kind: 'unknown', message: String(error) }))
      .finally(() => this.running.delete(lock.lockId));
    this.running.set(lock.lockId, answer);
    return answer;
  }
}
