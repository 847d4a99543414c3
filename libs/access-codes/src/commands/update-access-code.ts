import { askedWindow, checkOngoing } from '../domain/asked-window';
import { absent } from '../domain/refused';
import { causedBy, Refusal, VIEW_BARRIER, type ViewBarrier } from '@latchkey/event-sourcing';
import type { Device } from '@latchkey/devices';
import { CLOCK, type Clock, type PinOfCode, VAULT, type Vault } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { LinkedCode } from '../common-codes';
import type { AccessCode } from '../domain/access-code';
import { sameWindow, type Window } from '../domain/content';
import { OtherPin } from '../domain/common-code';
import { change } from '../domain/decisions';
import { knownPins } from '../known-pins';
import { Streams } from '../streams';
import { UpdateAccessCode, type WantedChange } from './commands';
import { neighbouringPins } from '../neighbouring-pins';
import { checkAgainstLock, startToTell } from '../pins';
import { checkBackupPool, ownCode, roundedFor } from './requests';
import { isGone } from '../domain/life';

/**
 * Reserves what the changed code will need on the keypad first, then records its PIN with those of the same
 * common_code_key, then requests the change.
 */
@CommandHandler(UpdateAccessCode)
export class UpdateAccessCodeHandler implements ICommandHandler<UpdateAccessCode> {
  constructor(
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ caller, accessCodeId, wanted }: UpdateAccessCode): Promise<void> {
    const code = await ownCode(this.streams, accessCodeId, caller.workspaceId);
    // Refused before anything is reserved for it.
    change(code, {});
    if (isGone(code)) throw absent();
    const { state: device } = await this.streams.devices.load(code.deviceId);
    if (!device) throw Refusal.absent('device');
    if (wanted.deviceId !== undefined && wanted.deviceId !== code.deviceId) {
      throw Refusal.invalid('An access code stays on its device.', {
        deviceId: 'is not the device of the code',
      });
    }
    if (wanted.attemptForOfflineDevice === false && !device.online) {
      throw Refusal.invalid('The device is offline.', {
        attemptForOfflineDevice: 'the device is offline',
      });
    }
    const linked = linkedWhereGiven(code, wanted);
    const { others = null } = linked ? await this.streams.commonCodes.pinsOf(linked) : {};
    if (others !== null && others !== wanted.code) throw new OtherPin();
    const schedule = this.rounded(device, code, scheduleFor(code, wanted), wanted);
    const startsAt = newStart(device, code, schedule, wanted);
    const place = { codeId: accessCodeId, window: schedule };
    const neighbours = await neighbouringPins(device, place, this.streams);
    checkAgainstLock(device, { pin: wanted.code ?? null, startsAt, now: this.clock.now() }, neighbours);
    if (wanted.usesBackupPool) checkBackupPool(device, schedule);
    const cause = causedBy(caller);
    const { pin, pinFingerprint } = await this.wantedPin(code, wanted.code);
    const claim = { codeId: accessCodeId, pin, pinFingerprint, window: schedule };
    await this.streams.reservePin(code.deviceId, cause, claim, device.capabilities);
    const { name, preferNativeScheduling, externalModificationAllowed, usesBackupPool } = wanted;
    const decided = await this.streams.codes.transact(accessCodeId, cause, async (current) => {
      // Again if anything happens to the code before the request: others may have another PIN by then.
      if (linked) await this.streams.commonCodes.join(linked, pin, cause);
      return change(current, {
        name,
        pin,
        pinFingerprint,
        schedule:
          wanted.type === undefined && wanted.startsAt === undefined && wanted.endsAt === undefined
            ? undefined
            : schedule,
        preferNativeScheduling,
        externalModificationAllowed,
        usesBackupPool,
        again: true,
      });
    });
    await this.views.reached(decided.position);
  }

  /** As the code's events have it, where it had that PIN before. */
  private async wantedPin(code: AccessCode, text: string | undefined): Promise<PinOfCode> {
    if (text === undefined) return code.wanted;
    const known = (await knownPins(code, this.vault)).get(text);
    return known ?? this.vault.sealPin(code.wanted.pin.keyId, text);
  }

  /** A requested end or start is rounded; the existing ones stay as they are, and an end in the past ends the code. */
  private rounded(device: Device, code: AccessCode, schedule: Window | null, wanted: WantedChange) {
    const { maxTimeRounding, preferNativeScheduling: native = code.wanted.preferNativeScheduling } = wanted;
    const ended = schedule !== null && schedule.endsAt <= this.clock.now();
    if (ended || sameWindow(schedule, code.wanted.schedule)) return schedule;
    return roundedFor(device, schedule, { maxTimeRounding, native });
  }
}

/** The code, where it has a key and is given a PIN: that must be the PIN of the others with the key. */
function linkedWhereGiven(code: AccessCode, wanted: WantedChange): LinkedCode | null {
  const {
    codeId,
    workspaceId,
    wanted: { commonCodeKey },
  } = code;
  return commonCodeKey === null || wanted.code === undefined ? null : { codeId, workspaceId, commonCodeKey };
}

/** The start that is requested now, where it is sent to the lock; not the one that the code has. */
function newStart(device: Device, code: AccessCode, schedule: Window | null, wanted: WantedChange) {
  const { startsAt = null, preferNativeScheduling: native = code.wanted.preferNativeScheduling } = wanted;
  const asked = startsAt !== null && startsAt !== code.wanted.schedule?.startsAt;
  return asked && startToTell(device, schedule, native) !== null ? startsAt : null;
}

/**
 * The schedule that the code is to have. An end in the past is allowed: it ends the code.
 * @throws {Refusal}
 */
function scheduleFor(code: AccessCode, wanted: WantedChange): Window | null {
  const { startsAt, endsAt } = wanted;
  if (wanted.type === 'ongoing') {
    checkOngoing(startsAt, endsAt);
    return null;
  }
  const window = askedWindow(
    startsAt ?? code.wanted.schedule?.startsAt,
    endsAt ?? code.wanted.schedule?.endsAt,
  );
  if (wanted.type === 'time_bound' && !window) {
    throw Refusal.invalid('A time-bound access code needs starts_at and ends_at.', {
      startsAt: 'is required',
      endsAt: 'is required',
    });
  }
  return window;
}
