import { absent } from '../domain/refused';
import { causedBy, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { letGo } from '../domain/unmanaged';
import { Streams } from '../streams';
import { ownCode } from './requests';
import { LetGoOfAccessCode } from './unmanaged-commands';
import { isUnmanaged } from '../domain/life';

/**
 * Lets go of the code first; then it leaves the codes with its key, and its PIN counts as foreign. If these steps never
 * come, planning does them.
 */
@CommandHandler(LetGoOfAccessCode)
export class LetGoOfAccessCodeHandler implements ICommandHandler<LetGoOfAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
  ) {}

  async execute({ caller, accessCodeId, deviceId }: LetGoOfAccessCode): Promise<void> {
    const { codes } = this.streams;
    const code = await ownCode(this.streams, accessCodeId, caller.workspaceId);
    if (deviceId !== undefined && deviceId !== code.deviceId) throw absent();
    const cause = causedBy(caller);
    const decided = await codes.transact(accessCodeId, cause, letGo);
    await this.streams.commonCodes.leaveAs(code, cause);
    const state = decided.state!;
    if (isUnmanaged(state)) {
      const { pin, pinFingerprint, schedule: window } = state.wanted;
      const claim = { codeId: accessCodeId, pin, pinFingerprint, window, foreign: true };
      await this.streams.reservePin(code.deviceId, cause, claim);
    }
    await this.views.reached(decided.position);
  }
}
