import type { Answer, ListedCode, LockGateway, LockRef } from '@latchkey/gateways';

/** A lock read with the grant of one account: another account's grant may be gone. */
const keyOf = ({ accountId, lockId }: LockRef): string => `${accountId}/${lockId}`;

/**
 * Reads locks back, and shares one answer among all callers that ask for a lock at the same time. A caller that comes
 * while a lock is being read gets the next answer: the current one may be older than its question.
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
