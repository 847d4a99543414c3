import type { AccountRef, LockCode, LockGateway, LockRef } from '@latchkey/gateways';

/**
 * Counts what locks were asked to do, so that whoever plays their part knows whether there is anything to play. A
 * request counts when it is sent and when it is over: whoever looks between the two may find nothing yet.
 */
export class CountedGateway implements LockGateway {
  writes = 0;

  constructor(private readonly gateway: LockGateway) {}

  locks(account: AccountRef) {
    return this.gateway.locks(account);
  }

  list(lock: LockRef) {
    return this.gateway.list(lock);
  }

  program(lock: LockRef, code: LockCode) {
    return this.counted(() => this.gateway.program(lock, code));
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode) {
    return this.counted(() => this.gateway.change(lock, lockCodeId, code));
  }

  remove(lock: LockRef, lockCodeId: string) {
    return this.counted(() => this.gateway.remove(lock, lockCodeId));
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string) {
    return this.counted(() => this.gateway.operate(lock, action, actionId));
  }

  private async counted<T>(write: () => Promise<T>): Promise<T> {
    this.writes++;
    try {
      return await write();
    } finally {
      this.writes++;
    }
  }
}
