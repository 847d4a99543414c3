import { askedWindow, checkNotOver } from '../domain/asked-window';
import { type Caller, causedBy, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import type { Device } from '@latchkey/devices';
import { CLOCK, type Clock, derivedId, RANDOM, type Random, VAULT, type Vault } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Window } from '../domain/access-code';
import { storedWindow } from '../domain/access-code';
import { request } from '../domain/decisions';
import { PinTaken } from '../domain/keypad';
import { Streams } from '../streams';
import { CreateAccessCode, type WantedCode } from './commands';
import { type NeighbouringPins, neighbouringPins } from '../neighbouring-pins';
import { checkAgainstLock, drawFreePin, sealForNewCode, startToTell } from '../pins';
import { checkBackupPool, roundedFor } from './requests';

/** The id of the code that a request makes on a device. */
export const newCodeId = ({ requestId }: Pick<Caller, 'requestId'>, deviceId: string): string =>
  derivedId(requestId, `access code on ${deviceId}`);

/** A drawn PIN may be taken by somebody else before it is reserved. */
const DRAWS = 20;

/**
 * Reserves the PIN on the keypad first, then requests the code: should the second step never come, the agenda
 * lets the reservation go.
 */
@CommandHandler(CreateAccessCode)
export class CreateAccessCodeHandler implements ICommandHandler<CreateAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute({ caller, wanted }: CreateAccessCode): Promise<{ accessCodeId: string }> {
    const { state: device } = await this.streams.devices.load(wanted.deviceId);
    if (
      !device ||
      device.workspaceId !== caller.workspaceId ||
      device.removedAt !== null ||
      !device.managed
    ) {
      throw Refusal.absent('device');
    }
    const now = this.clock.now();
    const { maxTimeRounding, preferNativeScheduling: native = true } = wanted;
    const asked = askedWindow(wanted.startsAt, wanted.endsAt);
    const window = roundedFor(device, asked, { maxTimeRounding, native });
    checkNotOver(window, now);
    checkAbilities(wanted, device);
    // The start as it was asked for: rounding may put it into the past.
    const startsAt = startToTell(device, window, native) === null ? null : asked!.startsAt;
    if (wanted.usesBackupPool) checkBackupPool(device, window);

    const cause = causedBy(caller);
    // The same for a request that is taken up again after a crash: it must not make a second code.
    const codeId = newCodeId(caller, device.deviceId);
    const before = caller.isFirstTry ? undefined : await this.streams.codes.transact(codeId, cause, () => []);
    if (before?.state) {
      await this.views.reached(before.position);
      return { accessCodeId: codeId };
    }
    const neighbours = await neighbouringPins(device, { codeId, window }, this.streams, this.vault);
    checkAgainstLock(device, { pin: wanted.code ?? null, startsAt, now }, neighbours);
    const name = wanted.name ?? null;
    const { pin, pinFingerprint } = await this.reservePin(
      codeId,
      { device, neighbours },
      window,
      wanted,
      cause,
    );
    const decided = await this.streams.codes.transactOnNew(codeId, cause, (code) =>
      request(code, {
        codeId,
        workspaceId: caller.workspaceId,
        deviceId: device.deviceId,
        accountId: device.accountId,
        name,
        pin,
        pinFingerprint,
        schedule: storedWindow(window),
        preferNativeScheduling: wanted.preferNativeScheduling ?? true,
        externalModificationAllowed: wanted.externalModificationAllowed ?? false,
        commonCodeKey: wanted.commonCodeKey ?? null,
        isOneTimeUse: wanted.isOneTimeUse ?? false,
        usesBackupPool: wanted.usesBackupPool ?? false,
        isBackup: false,
      }),
    );
    await this.views.reached(decided.position);
    return { accessCodeId: codeId };
  }

  private async reservePin(
    codeId: string,
    { device, neighbours }: { device: Device; neighbours: NeighbouringPins },
    window: Window | null,
    wanted: WantedCode,
    cause: ReturnType<typeof causedBy>,
  ) {
    const { deviceId } = device;
    for (let draw = 0; ; draw++) {
      const text =
        wanted.code ??
        drawFreePin(
          device,
          await this.streams.freePins(deviceId),
          { window, preferredLength: wanted.preferredCodeLength },
          this.random,
          neighbours,
        );
      const pin = await sealForNewCode(this.vault, codeId, text);
      try {
        await this.streams.reservePin(deviceId, cause, { codeId, ...pin, window });
      } catch (error) {
        if (!(error instanceof PinTaken)) throw error;
        if (wanted.code !== undefined || draw >= DRAWS) throw error;
        continue;
      }
      return pin;
    }
  }
}

function checkAbilities(wanted: WantedCode, device: Device): void {
  const refuse = (property: keyof WantedCode, message: string): never => {
    throw Refusal.invalid(message, { [property]: message });
  };
  if (wanted.isOfflineAccessCode)
    refuse('isOfflineAccessCode', 'This device does not take offline access codes.');
  if (wanted.isOneTimeUse && !device.capabilities.oneTimeCodes)
    refuse('isOneTimeUse', 'This device does not take one-time access codes.');
  if (wanted.attemptForOfflineDevice === false && !device.online) {
    refuse('attemptForOfflineDevice', 'The device is offline.');
  }
}
