import type { AccountRef, LockCode, LockGateway, LockRef, WriteAnswer } from '@latchkey/gateways';

/**
 * Dies in the middle of a call: what was to happen after it never does, as when the process is killed. `before`: before
 * it is sent to the lock; `after`: once the lock has done it, so that nobody takes the answer.
 */
export class CrashingGateway implements LockGateway {
  private armed: 'before' | 'after' | undefined;
  private dead = false;
  private onCrash: () => void = () => undefined;
  /** Resolves at the crash. */
  readonly crashed = new Promise<void>((resolve) => (this.onCrash = resolve));

  constructor(private readonly gateway: LockGateway) {}

  crashAt(when: 'before' | 'after'): void {
    this.armed = when;
  }

  locks(account: AccountRef) {
    return this.dead ? forEver<never>() : this.gateway.locks(account);
  }

  list(lock: LockRef) {
    return this.dead ? forEver<never>() : this.gateway.list(lock);
  }

  program(lock: LockRef, code: LockCode): Promise<WriteAnswer> {
    return this.write(() => this.gateway.program(lock, code));
  }

  change(lock: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    return this.write(() => this.gateway.change(lock, lockCodeId, code));
  }

  remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    return this.write(() => this.gateway.remove(lock, lockCodeId));
  }

  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    return this.write(() => this.gateway.operate(lock, action, actionId));
  }

  private async write(call: () => Promise<WriteAnswer>): Promise<WriteAnswer> {
    if (this.dead) return forEver();
    if (!this.armed) return call();
    if (this.armed === 'after') await call();
    this.dead = true;
    this.onCrash();
    return forEver();
  }
}

function forEver<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
