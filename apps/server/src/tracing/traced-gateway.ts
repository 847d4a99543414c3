import type { AccountRef, LockCode, LockGateway, LockRef } from '@latchkey/gateways';
import type { Tracing } from './tracing';

/** Makes each question and command to a lock a span, with what it was answered. */
export class TracedGateway implements LockGateway {
  constructor(
    private readonly gateway: LockGateway,
    private readonly tracing: Tracing,
  ) {}

  locks(account: AccountRef) {
    return this.traced('locks', account, () => this.gateway.locks(account));
  }

  list(lock: LockRef) {
    return this.traced('list', lock, () => this.gateway.list(lock));
  }

  program(lock: LockRef, code: LockCode) {
    return this.traced('program', lock, () => this.gateway.program(lock, code));
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode) {
    return this.traced('change', lock, () => this.gateway.change(lock, lockCodeId, code));
  }

  remove(lock: LockRef, lockCodeId: string) {
    return this.traced('remove', lock, () => this.gateway.remove(lock, lockCodeId));
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string) {
    return this.traced('operate', lock, () => this.gateway.operate(lock, action, actionId));
  }

  private async traced<T extends { readonly kind: string }>(
    command: string,
    of: AccountRef & { readonly lockId?: string },
    ask: () => Promise<T>,
  ): Promise<T> {
    // What is asked all day of its own accord would be a trace of its own each time.
    if (this.tracing.current === undefined) return ask();
    const { accountId, maker, lockId } = of;
    const attributes = {
      'latchkey.maker': maker,
      'latchkey.connected_account_id': accountId,
      ...(lockId === undefined ? {} : { 'latchkey.lock_id': lockId }),
    };
    const span = this.tracing.begin(`lock ${command}`, attributes);
    try {
      const answer = await span.within(ask);
      span.end({ 'latchkey.answer': answer.kind }, answer.kind !== 'accepted' && answer.kind !== 'answered');
      return answer;
    } catch (error) {
      span.end({ 'error.type': error instanceof Error ? error.name : 'unknown' }, true);
      throw error;
    }
  }
}
