import type { Answer, ListedCode, LockGateway, LockRef } from '@latchkey/gateways';

/** A lock read by the leave of one account: another's leave may be gone. */
const keyOf = ({ accountId, lockId }: LockRef): string => `${accountId}/${lockId}`;

/**
 * Reads locks back, and lets all who ask for one lock at the same time share an answer. Whoever asks while a
 * reading is under way gets the next one: what was read before one's question may be older than it.
 */
export class ReadBacks {
  private readonly running = new Map<string, Promise<Answer<ListedCode[]>>>();
  private readonly next = new Map<string, Promise<Answer<ListedCode[]>>>();

  constructor(private readonly gateway: LockGateway) {}

  of(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const key = keyOf(lock);
    const running = this.running.get(key);
    if (!running) return this.begin(lock);
    let next = this.next.get(key);
    if (!next) {
      next = running.then(() => {
        this.next.delete(key);
        return this.begin(lock);
      });
      this.next.set(key, next);
    }
    return next;
  }

  private begin(lock: LockRef): Promise<Answer<ListedCode[]>> {
    const key = keyOf(lock);
    const answer = this.gateway
      .list(lock)
      .catch((error: unknown): Answer<ListedCode[]> => ({ kind: 'unknown', message: String(error) }))
      .finally(() => this.running.delete(key));
    this.running.set(key, answer);
    return answer;
  }
}
