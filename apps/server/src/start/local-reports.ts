import { setTimeout as pause } from 'node:timers/promises';
import type { Reception } from '@latchkey/access-codes';
import type { AccountRef, LockReport } from '@latchkey/gateways';
import { backOff, CryptoRandom, type Logger, SECOND } from '@latchkey/platform';

/** Reports of one account that wait to be taken; beyond this the oldest are dropped, and reading back tells. */
const WAITING_AT_MOST = 1_000;
const RETRY = { first: SECOND / 5, limit: 30 * SECOND };
/** How often one report is tried before the next has its turn. */
const TRIES = 20;

type Take = (account: AccountRef, report: LockReport) => Promise<Reception>;

/**
 * Passes on what locks of local systems report, account by account in the order in which it came. Nobody can send them
 * again: one that can't be taken now is tried again here.
 */
export class LocalReports {
  private readonly waiting = new Map<string, [AccountRef, LockReport][]>();
  private readonly ended = new AbortController();
  private readonly random = new CryptoRandom();
  private take: Take | undefined;

  constructor(private readonly logger: Logger) {}

  /** From now on reports are taken, those that came before as well. */
  begin(take: Take): void {
    this.take = take;
    for (const accountId of this.waiting.keys()) void this.work(accountId);
  }

  add(account: AccountRef, report: LockReport): void {
    if (this.ended.signal.aborted) return;
    const { accountId } = account;
    const before = this.waiting.get(accountId);
    const queue = before ?? [];
    queue.push([account, report]);
    if (queue.length > WAITING_AT_MOST) queue.shift();
    if (before) return;
    this.waiting.set(accountId, queue);
    if (this.take) void this.work(accountId);
  }

  stop(): void {
    this.ended.abort();
  }

  private async work(accountId: string): Promise<void> {
    const queue = this.waiting.get(accountId)!;
    while (queue.length > 0 && !this.ended.signal.aborted) {
      const next = queue.shift()!;
      await this.deliver(...next);
    }
    this.waiting.delete(accountId);
  }

  private async deliver(account: AccountRef, report: LockReport): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      try {
        if ((await this.take!(account, report)) === 'taken') return;
      } catch (err) {
        const { accountId, maker } = account;
        this.logger.warn({ err, accountId, maker, kind: report.kind }, 'a report could not be taken yet');
      }
      const { signal } = this.ended;
      await pause(backOff(tries, RETRY, this.random), undefined, { signal, ref: false }).catch(
        () => undefined,
      );
      if (signal.aborted) return;
    }
  }
}
