import type {
  AccountRef,
  Answer,
  LockDescription,
  LockGateway,
  LockRef,
  WriteAnswer,
} from '@latchkey/gateways';

/** A lock maker in memory with scripted answers. */
export class ScriptedLocks implements LockGateway {
  /** Its answer to a request for an account's locks. */
  shows: Answer<LockDescription[]> = { kind: 'answered', value: [] };
  /** The accounts whose locks were requested. */
  readonly asked: string[] = [];
  /** Its answer to a request to lock or unlock a door. */
  operates: WriteAnswer = { kind: 'accepted', lockCodeId: '' };
  /** What was requested at doors. */
  readonly operated: { readonly lock: LockRef; readonly action: string; readonly actionId: string }[] = [];
  /** Called before it answers: what happens meanwhile. */
  onAsked: () => Promise<void> | void = () => undefined;

  async locks({ accountId }: AccountRef): Promise<Answer<LockDescription[]>> {
    const { shows } = this;
    this.asked.push(accountId);
    await this.onAsked();
    return shows;
  }

  async operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    this.operated.push({ lock, action, actionId });
    await this.onAsked();
    return this.operates;
  }

  program = notAsked;
  change = notAsked;
  remove = notAsked;
  list = notAsked;
}

/** Devices do not use codes. */
function notAsked(): never {
  throw new Error('devices ask nothing about codes');
}
