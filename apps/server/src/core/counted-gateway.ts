import type { AccountRef, LockCode, LockGateway, LockRef } from '@latchkey/gateways';
import type { Logger } from '@latchkey/platform';

/** Told of each command to a lock that was answered. */
export type OnLockAnswer = (of: { command: string; maker: string; outcome: string; ms: number }) => void;

/**
 * Counts requests to locks, so that a simulation of locks knows whether there is anything to do. A request counts when
 * it is sent and again when it is over: in between there may be nothing to see yet. Each is logged at the level
 * `debug`.
 */
export class CountedGateway implements LockGateway {
  writes = 0;

  constructor(
    private readonly gateway: LockGateway,
    private readonly logger: Logger,
    private readonly onAnswer: OnLockAnswer = () => undefined,
  ) {}

  locks(account: AccountRef) {
    return this.gateway.locks(account);
  }

  list(lock: LockRef) {
    return this.gateway.list(lock);
  }

  program(lock: LockRef, code: LockCode) {
    return this.counted('program', lock, () => this.gateway.program(lock, code));
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode) {
    return this.counted('change', lock, () => this.gateway.change(lock, lockCodeId, code));
  }

  remove(lock: LockRef, lockCodeId: string) {
    return this.counted('remove', lock, () => this.gateway.remove(lock, lockCodeId));
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string) {
    return this.counted('operate', lock, () => this.gateway.operate(lock, action, actionId));
  }

  private async counted<T extends { readonly kind: string }>(
    command: string,
    { accountId, lockId, maker }: LockRef,
    write: () => Promise<T>,
  ): Promise<T> {
    this.writes++;
    const begun = performance.now();
    try {
      const answer = await write();
      const ms = Math.round(performance.now() - begun);
      this.onAnswer({ command, maker, outcome: answer.kind, ms });
      this.logger.debug({ command, accountId, lockId, answer: answer.kind, ms }, 'lock command');
      return answer;
    } finally {
      this.writes++;
    }
  }
}
