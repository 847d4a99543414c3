import type {
  AccountRef,
  Answer,
  LockDescription,
  LockGateway,
  LockRef,
  WriteAnswer,
} from '@latchkey/gateways';

/** A lock maker in memory that answers just what a test tells it. */
export class ScriptedLocks implements LockGateway {
  /** What it answers when asked for an account's locks. */
  shows: Answer<LockDescription[]> = { kind: 'answered', value: [] };
  /** The accounts whose locks it was asked for. */
  readonly asked: string[] = [];
  /** What it answers when asked to lock or unlock a door. */
  operates: WriteAnswer = { kind: 'accepted', lockCodeId: '' };
  /** What it was asked to do at doors. */
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

/** Codes are not the devices' business. */
function notAsked(): never {
  throw new Error('devices ask nothing about codes');
}
