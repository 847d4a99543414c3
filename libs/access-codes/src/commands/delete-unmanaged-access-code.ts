import { causedBy, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { remove } from '../domain/decisions';
import { Streams } from '../streams';
import { unmanagedCode } from './requests';
import { DeleteUnmanagedAccessCode } from './unmanaged-commands';
import { isUnmanaged } from '../domain/life';

/** Requests the removal; the rest is as with a managed code, and it shows as unmanaged until it is gone. */
@CommandHandler(DeleteUnmanagedAccessCode)
export class DeleteUnmanagedAccessCodeHandler implements ICommandHandler<DeleteUnmanagedAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
  ) {}

  async execute({ caller, accessCodeId }: DeleteUnmanagedAccessCode): Promise<void> {
    const { codes } = this.streams;
    await unmanagedCode(this.streams, accessCodeId, caller.workspaceId);
    const decided = await codes.transact(accessCodeId, causedBy(caller), (code) =>
      // Converted meanwhile: then it is not this that was to be deleted.
      remove(code && isUnmanaged(code) ? code : null),
    );
    await this.views.reached(decided.position);
  }
}
