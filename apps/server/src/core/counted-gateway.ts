import type { AccountRef, LockCode, LockGateway, LockRef } from '@latchkey/gateways';

/** Counts what locks were asked to do, so that whoever plays their part knows whether there is anything to play. */
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
    this.writes++;
    return this.gateway.program(lock, code);
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode) {
    this.writes++;
    return this.gateway.change(lock, lockCodeId, code);
  }

  remove(lock: LockRef, lockCodeId: string) {
    this.writes++;
    return this.gateway.remove(lock, lockCodeId);
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string) {
    this.writes++;
    return this.gateway.operate(lock, action, actionId);
  }
}
