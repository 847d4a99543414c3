import type { Caller } from '@latchkey/http';
import type { LockRef } from '@latchkey/gateways';
import { Command } from '@nestjs/cqrs';

/** Asks a lock to lock or unlock its door; resolves once the lock's maker was asked, mostly before it is done. */
export class OperateLock extends Command<{ actionAttemptId: string }> {
  constructor(
    readonly caller: Caller,
    readonly deviceId: string,
    readonly action: 'lock' | 'unlock',
  ) {
    super();
  }
}

/** A lock's report of an action. A report of an attempt for another lock is ignored. */
export class ConcludeAction extends Command<void> {
  constructor(
    readonly actionAttemptId: string,
    readonly reporter: LockRef,
    readonly outcome: { readonly success: boolean; readonly errorCode: string | null },
  ) {
    super();
  }
}
