import { causedBy, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import { type Vault, VAULT } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { sameWindow } from '../domain/content';
import { PinTaken } from '../domain/keypad';
import type { CodeRefusal } from '../domain/refused';
import { refuseConversion, takeIntoManagement } from '../domain/unmanaged';
import { Streams } from '../streams';
import { unmanagedCode } from './requests';
import { ConvertToManaged } from './unmanaged-commands';
import { isUnmanaged } from '../domain/life';

/** Somebody changed the code on its lock while its PIN was being reserved. */
class ChangedMeanwhile extends Error {}

/**
 * Reserves the code's PIN as a managed one first, then takes it into management; again, if it has another PIN by then.
 */
@CommandHandler(ConvertToManaged)
export class ConvertToManagedHandler implements ICommandHandler<ConvertToManaged> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  async execute(command: ConvertToManaged): Promise<void> {
    for (;;) {
      try {
        return await this.convert(command);
      } catch (error) {
        if (!(error instanceof ChangedMeanwhile)) throw error;
      }
    }
  }

  private async convert({
    caller,
    accessCodeId,
    externalModificationAllowed,
  }: ConvertToManaged): Promise<void> {
    const { codes } = this.streams;
    const code = await unmanagedCode(this.streams, accessCodeId, caller.workspaceId);
    const {
      deviceId,
      wanted: { pin, pinFingerprint, schedule: window },
    } = code;
    const cause = causedBy(caller);
    // Refused before anything is reserved for it.
    takeIntoManagement(code, externalModificationAllowed);
    const [known] = await this.vault.openAll([pin]);
    // Its lock reports that it is there, but not its digits: it could never be set again.
    if (known === '') {
      const message = 'The device does not show the digits of this access code, so it can not be managed.';
      throw Refusal.untimely<CodeRefusal>('pin-not-readable', message);
    }
    try {
      const claim = { codeId: accessCodeId, pin, pinFingerprint, window };
      await this.streams.reservePin(deviceId, cause, claim);
    } catch (error) {
      if (!(error instanceof PinTaken)) throw error;
      const { byCodeId } = error;
      const told = await codes.transact(accessCodeId, cause, (current) =>
        refuseConversion(current, byCodeId),
      );
      await this.views.reached(told.position);
      throw error;
    }
    const decided = await codes.transact(accessCodeId, cause, (current) => {
      const reserved =
        current?.wanted.pinFingerprint === pinFingerprint && sameWindow(current.wanted.schedule, window);
      if (current && isUnmanaged(current) && !reserved) throw new ChangedMeanwhile();
      return takeIntoManagement(current, externalModificationAllowed);
    });
    await this.views.reached(decided.position);
  }
}
