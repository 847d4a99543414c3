import { absent } from '../domain/refused';
import { causedBy, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { CLOCK, type Clock } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { remove } from '../domain/decisions';
import { endReservations } from '../domain/keypad';
import { Streams } from '../streams';
import { DeleteAccessCode } from './commands';
import { ownCode } from './requests';

/** Requests the removal first: from then on its PIN may be reserved for later. */
@CommandHandler(DeleteAccessCode)
export class DeleteAccessCodeHandler implements ICommandHandler<DeleteAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ caller, accessCodeId, deviceId }: DeleteAccessCode): Promise<void> {
    const code = await ownCode(this.streams, accessCodeId, caller.workspaceId);
    if (deviceId !== undefined && deviceId !== code.deviceId) throw absent();
    const cause = causedBy(caller);
    const decided = await this.streams.codes.transact(accessCodeId, cause, remove);
    await this.streams.commonCodes.leaveAs(code, cause);
    const now = this.clock.now();
    await this.streams.onReservationsOf(accessCodeId, code.deviceId, cause, (keypad) =>
      endReservations(keypad, accessCodeId, now),
    );
    await this.views.reached(decided.position);
  }
}
