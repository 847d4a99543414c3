import { askedWindow, checkNotOver } from '../domain/asked-window';
import { type Caller, causedBy, Refusal } from '@latchkey/event-sourcing';
import type { Device } from '@latchkey/devices';
import {
  CLOCK,
  type Clock,
  derivedId,
  type PinOfCode,
  RANDOM,
  type Random,
  VAULT,
  type Vault,
} from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { LinkedCode } from '../common-codes';
import { storedWindow, type Window } from '../domain/content';
import { OtherPin } from '../domain/common-code';
import { request } from '../domain/decisions';
import { isTaken } from '../domain/keypad';
import { Streams } from '../streams';
import { CreateAccessCode, type CreatedCode, type WantedCode } from './commands';
import { type NeighbouringPins, neighbouringPins } from '../neighbouring-pins';
import { checkAgainstLock, drawFreePin, sealForNewCode, startToTell } from '../pins';
import { checkBackupPool, roundedFor } from './requests';

/**
 * The id of the code that a request creates on a device.
 * @param attempt counts from 1: a code that a request has created and taken back is not created again under the same id
 */
export const newCodeId = ({ requestId }: Pick<Caller, 'requestId'>, deviceId: string, attempt = 1): string =>
  derivedId(requestId, `access code on ${deviceId}${attempt === 1 ? '' : ` (${attempt})`}`);

/** A drawn PIN may be taken by another request before it is reserved. */
const DRAWS = 20;

/** Which code is to be where, and when; instants in ms. */
interface Place {
  readonly caller: Caller;
  readonly device: Device;
  readonly codeId: string;
  readonly window: Window | null;
  /** As it was requested, and as the lock would get it; null: none. */
  readonly startsAt: number | null;
  readonly now: number;
}

/**
 * Reserves the PIN on the keypad first, then joins the codes with the same common_code_key, then requests the code:
 * if the last step never comes, the agenda undoes the others.
 */
@CommandHandler(CreateAccessCode)
export class CreateAccessCodeHandler implements ICommandHandler<CreateAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute({ caller, wanted, attempt }: CreateAccessCode): Promise<CreatedCode> {
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
    const codeId = newCodeId(caller, device.deviceId, attempt);
    const before = caller.isFirstTry ? undefined : await this.streams.codes.transact(codeId, cause, () => []);
    if (before?.state) return { accessCodeId: codeId, position: before.position!, code: before.state };
    const place = { caller, device, codeId, window, startsAt, now };
    const { pin, pinFingerprint } = await this.takePin(place, wanted);
    const decided = await this.streams.codes.transactOnNew(codeId, cause, (code) =>
      request(code, {
        codeId,
        workspaceId: caller.workspaceId,
        deviceId: device.deviceId,
        accountId: device.accountId,
        name: wanted.name ?? null,
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
    return { accessCodeId: codeId, position: decided.position!, code: decided.state! };
  }

  /**
   * Reserves a PIN that the lock takes; where the code has a key, the PIN that all codes with it have. Should another
   * code with the key be faster, its PIN is taken, and what was reserved before is released by the agenda.
   */
  private async takePin(place: Place, wanted: WantedCode): Promise<PinOfCode> {
    const { caller, device, codeId, window, startsAt, now } = place;
    const { commonCodes } = this.streams;
    const { commonCodeKey, hasOwnPin = false } = wanted;
    const linked =
      commonCodeKey === undefined || hasOwnPin
        ? null
        : { codeId, workspaceId: caller.workspaceId, commonCodeKey };
    const neighbours = await neighbouringPins(device, { codeId, window }, this.streams);
    for (let attempt = 0; ; attempt++) {
      const common = linked && (await commonCodes.pinsOf(linked));
      if (common?.others != null && wanted.code !== undefined && common.others !== wanted.code)
        throw new OtherPin();
      const given = wanted.code ?? common?.others ?? common?.own ?? null;
      checkAgainstLock(device, { pin: given, startsAt, now }, neighbours);
      const pin = await this.reservePin(place, { given, neighbours, linked }, wanted.preferredCodeLength);
      if (!linked) return pin;
      try {
        await commonCodes.join(linked, pin.pin, causedBy(caller));
        return pin;
      } catch (error) {
        if (!(error instanceof OtherPin) || wanted.code !== undefined || attempt >= DRAWS) throw error;
      }
    }
  }

  /** @param given null: one is drawn */
  private async reservePin(
    { caller, device, codeId, window }: Place,
    {
      given,
      neighbours,
      linked,
    }: { given: string | null; neighbours: NeighbouringPins; linked: LinkedCode | null },
    preferredLength: number | undefined,
  ): Promise<PinOfCode> {
    const { deviceId } = device;
    const commonCode = linked ? { commonCodeId: this.streams.commonCodes.idOf(linked) } : {};
    for (let draw = 0; ; draw++) {
      const text =
        given ??
        drawFreePin(
          device,
          await this.streams.freePins(deviceId),
          { window, preferredLength },
          this.random,
          neighbours,
        );
      const pin = await sealForNewCode(this.vault, codeId, text);
      try {
        const claim = { codeId, ...pin, window, ...commonCode };
        await this.streams.reservePin(deviceId, causedBy(caller), claim, device.capabilities, text);
      } catch (error) {
        if (!isTaken(error) || given !== null || draw >= DRAWS) throw error;
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
