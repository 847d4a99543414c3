import { PinTaken } from '../../domain/keypad';
import { endOf } from '../../domain/life';
import type { CodeRefusal } from '../../domain/refused';
import { Refusal } from '@latchkey/event-sourcing';
import type { Caller } from '@latchkey/http';
import { CLOCK, type Clock, derivedId, RANDOM, type Random, VAULT, type Vault } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newCodeId } from '../create-access-code';
import { CreateAccessCode, DeleteAccessCode, type WantedCode } from '../commands';
import { neighbouringPins } from '../../neighbouring-pins';
import { checkAgainstLock, startToTell } from '../../pins';
import { askedWindow } from '../../domain/asked-window';
import { Streams } from '../../streams';
import { CreateAccessCodes } from './commands';
import { type Door, drawShared, takes } from './shared-pin';

/** Somebody else may reserve the PIN between drawing it and asking for it. */
const DRAWS = 5;

/** Finds a PIN that the devices can share, then creates the codes one by one, and takes them back if one fails. */
@CommandHandler(CreateAccessCodes)
export class CreateAccessCodesHandler implements ICommandHandler<CreateAccessCodes> {
  constructor(
    private readonly commands: CommandBus,
    private readonly streams: Streams,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute(command: CreateAccessCodes): Promise<{ accessCodeIds: string[] }> {
    for (let draw = 1; ; draw++) {
      const wanted = await this.pins(command);
      try {
        return { accessCodeIds: await this.createAll(command.caller, wanted) };
      } catch (error) {
        const taken = error instanceof PinTaken;
        if (!taken || command.wanted.code !== undefined || draw >= DRAWS) throw error;
      }
    }
  }

  /** What is to be created on each device. */
  private async pins({ caller, deviceIds, wanted, otherwise }: CreateAccessCodes): Promise<WantedCode[]> {
    const doors = await Promise.all(
      [...new Set(deviceIds)].map((deviceId) => this.door(caller.workspaceId, deviceId, wanted)),
    );
    const { code, ...rest } = wanted;
    const begun = await this.begun(caller, doors);
    const [first] = begun.values();
    const shared = code ?? first;
    const sharing =
      shared === undefined
        ? this.drawn(doors, wanted)
        : new Map([
            ...this.given(
              doors.filter((door) => !begun.has(door)),
              shared,
              wanted,
            ),
            ...begun,
          ]);
    const unable = doors.find((door) => !sharing.has(door));
    if (unable && otherwise === 'throw') throw this.reason(unable, code, wanted);
    // A code that was given links nothing: others may have been given the same.
    const commonCodeKey =
      code === undefined
        ? `auto_set_by_create_multiple_${derivedId(caller.requestId, 'common code key')}`
        : rest.commonCodeKey;
    return doors.map((door) => ({
      ...rest,
      deviceId: door.device.deviceId,
      ...(commonCodeKey === undefined ? {} : { commonCodeKey }),
      ...(sharing.has(door) ? { code: sharing.get(door) } : { hasOwnPin: true }),
    }));
  }

  /** Codes of an earlier try of the same request, which an outage cut short, with their PINs. */
  private async begun(caller: Caller, doors: readonly Door[]): Promise<Map<Door, string>> {
    const begun = new Map<Door, string>();
    for (const door of doors) {
      const { state } = await this.streams.codes.load(newCodeId(caller, door.device.deviceId));
      const [pin] = state && !endOf(state) ? await this.vault.openAll([state.wanted.pin]) : [];
      if (pin) begun.set(door, pin);
    }
    return begun;
  }

  private async door(
    workspaceId: string,
    deviceId: string,
    wanted: CreateAccessCodes['wanted'],
  ): Promise<Door> {
    const [{ state: device }, isFree] = await Promise.all([
      this.streams.devices.load(deviceId),
      this.streams.freePins(deviceId),
    ]);
    if (!device || device.workspaceId !== workspaceId || device.removedAt !== null) {
      throw Refusal.absent('device');
    }
    const place = { codeId: '', window: this.terms(wanted).window };
    const neighbours = await neighbouringPins(device, place, this.streams, this.vault);
    return { device, isFree, neighbours };
  }

  /** Why a device can't have the code that the others can. */
  private reason(
    { device, neighbours }: Door,
    code: string | undefined,
    wanted: CreateAccessCodes['wanted'],
  ): Refusal {
    if (code === undefined) {
      return Refusal.untimely<CodeRefusal>(
        'not-to-be-shared',
        'No code is accepted by all of these devices.',
      );
    }
    const { window, native, now } = this.terms(wanted);
    checkAgainstLock(device, { pin: code, startsAt: startToTell(device, window, native), now }, neighbours);
    return Refusal.conflict<CodeRefusal>(
      'pin-taken',
      'Another access code on one of the devices has the same code in an overlapping period.',
      device.deviceId,
    );
  }

  private given(doors: readonly Door[], code: string, wanted: CreateAccessCodes['wanted']) {
    const terms = this.terms(wanted);
    const able = doors.filter((door) => takes(door, code, terms));
    return new Map(able.map((door) => [door, code]));
  }

  /** As many devices as can share one PIN, tried in the order in which they were named. */
  private drawn(doors: readonly Door[], wanted: CreateAccessCodes['wanted']): Map<Door, string> {
    const { window } = this.terms(wanted);
    const draw = (some: readonly Door[]) => drawShared(some, window, wanted.preferredCodeLength, this.random);
    const forAll = draw(doors);
    if (forAll !== null) return new Map(doors.map((door) => [door, forAll]));
    let sharing: Door[] = [];
    let pin: string | null = null;
    for (const door of doors) {
      const more = draw([...sharing, door]);
      if (more === null) continue;
      pin = more;
      sharing = [...sharing, door];
    }
    return new Map(pin === null ? [] : sharing.map((door) => [door, pin]));
  }

  private terms({ startsAt, endsAt, preferNativeScheduling: native = true }: CreateAccessCodes['wanted']) {
    return { window: askedWindow(startsAt, endsAt), native, now: this.clock.now() };
  }

  private async createAll(caller: Caller, wanted: readonly WantedCode[]): Promise<string[]> {
    const created: string[] = [];
    try {
      for (const one of wanted) {
        const { accessCodeId } = await this.commands.execute(new CreateAccessCode(caller, one));
        created.push(accessCodeId);
      }
      return created;
    } catch (error) {
      // What was refused is taken back. After an outage the next try goes on with what is there.
      if (!wasRefused(error)) throw error;
      for (const id of created) await this.commands.execute(new DeleteAccessCode(caller, id));
      throw error;
    }
  }
}

const wasRefused = (error: unknown): boolean => error instanceof Refusal;
