import { isTaken } from '../../domain/keypad';
import type { AccessCode } from '../../domain/access-code';
import { endOf, isUnmanaged } from '../../domain/life';
import type { CodeRefusal } from '../../domain/refused';
import {
  laterPosition,
  type Position,
  Refusal,
  VIEW_BARRIER,
  type ViewBarrier,
} from '@latchkey/event-sourcing';
import { CLOCK, type Clock, derivedId, RANDOM, type Random, VAULT, type Vault } from '@latchkey/platform';
import { Inject } from '@nestjs/common';
import { CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newCodeId } from '../create-access-code';
import { CreateAccessCode, DeleteAccessCode, type WantedCode } from '../commands';
import { neighbouringPins } from '../../neighbouring-pins';
import { checkAgainstLock, rulesTold, startToTell } from '../../pins';
import { askedWindow } from '../../domain/asked-window';
import { Streams } from '../../streams';
import { CreateAccessCodes } from './commands';
import { type Door, drawShared, takes } from './shared-pin';

/** Another request may reserve the PIN between drawing it and requesting the code. */
const DRAWS = 5;

/** One try of a request to create its codes; each has codes of its own. */
interface Attempt {
  /** Counts from 1. */
  readonly nth: number;
  /** The PINs of its codes that exist already, since a crash or an outage interrupted it, by their devices. */
  readonly begun: ReadonlyMap<string, string>;
}

/** Finds a PIN that the devices can share, then creates the codes one by one, and takes them back if one fails. */
@CommandHandler(CreateAccessCodes)
export class CreateAccessCodesHandler implements ICommandHandler<CreateAccessCodes> {
  constructor(
    private readonly commands: CommandBus,
    private readonly streams: Streams,
    @Inject(VIEW_BARRIER) private readonly views: ViewBarrier,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async execute(command: CreateAccessCodes): Promise<{ accessCodeIds: string[] }> {
    for (let draw = 1; ; draw++) {
      const attempt = await this.attempt(command);
      try {
        return { accessCodeIds: await this.createAll(command, attempt) };
      } catch (error) {
        // After a refusal everything is taken back. After an outage the next try goes on with what exists.
        if (!(error instanceof Refusal)) throw error;
        await this.takeBack(command, attempt.nth);
        const otherPinMayDo = isTaken(error) || attempt.begun.size > 0;
        if (!otherPinMayDo || command.wanted.code !== undefined || draw >= DRAWS) throw error;
      }
    }
  }

  /**
   * The first attempt of this request that was not taken back. What a crash left half taken back is taken back first.
   */
  private async attempt(command: CreateAccessCodes): Promise<Attempt> {
    for (let nth = 1; ; nth++) {
      const codes = await this.codesOf(command, nth);
      const gone = codes.some((code) => endOf(code)?.cause === 'deleted');
      if (!gone) return { nth, begun: await this.pinsByDevice(codes) };
      await this.takeBack(command, nth);
    }
  }

  private async codesOf({ caller, deviceIds }: CreateAccessCodes, attempt: number): Promise<AccessCode[]> {
    const ids = [...new Set(deviceIds)].map((deviceId) => newCodeId(caller, deviceId, attempt));
    const loaded = await Promise.all(ids.map((id) => this.streams.codes.load(id)));
    return loaded.flatMap(({ state }) => (state ? [state] : []));
  }

  private async pinsByDevice(codes: readonly AccessCode[]): Promise<Map<string, string>> {
    const live = codes.filter((code) => !endOf(code));
    const pins = await this.vault.openAll(live.map(({ wanted }) => wanted.pin));
    return new Map(live.flatMap(({ deviceId }, n) => (pins[n] == null ? [] : [[deviceId, pins[n]]])));
  }

  private async takeBack(command: CreateAccessCodes, attempt: number): Promise<void> {
    for (const code of await this.codesOf(command, attempt)) {
      if (endOf(code) || isUnmanaged(code)) continue;
      await this.commands.execute(new DeleteAccessCode(command.caller, code.codeId));
    }
  }

  /** What is to be created on each device. */
  private async pins(
    { caller, deviceIds, wanted, otherwise }: CreateAccessCodes,
    attempt: Attempt,
  ): Promise<WantedCode[]> {
    const doors = await Promise.all(
      [...new Set(deviceIds)].map((deviceId) => {
        const place = { deviceId, codeId: newCodeId(caller, deviceId, attempt.nth) };
        return this.door(caller.workspaceId, place, wanted);
      }),
    );
    const { code, ...rest } = wanted;
    const pinOf = ({ device }: Door) => attempt.begun.get(device.deviceId);
    const begun = new Map(doors.flatMap((door) => (pinOf(door) === undefined ? [] : [[door, pinOf(door)!]])));
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
    if (unable && otherwise === 'throw') throw this.reason(unable, code, wanted, doors);
    // A given PIN links nothing: unrelated codes may have the same one.
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

  private async door(
    workspaceId: string,
    { deviceId, codeId }: { readonly deviceId: string; readonly codeId: string },
    wanted: CreateAccessCodes['wanted'],
  ): Promise<Door> {
    const [{ state: device }, isFree] = await Promise.all([
      this.streams.devices.load(deviceId),
      this.streams.freePins(deviceId, codeId),
    ]);
    if (!device || device.workspaceId !== workspaceId || device.removedAt !== null) {
      throw Refusal.absent('device');
    }
    const place = { codeId, window: this.terms(wanted).window };
    const neighbours = await neighbouringPins(device, place, this.streams);
    return { device, isFree, neighbours };
  }

  /** Why a device can't have the code that the others can. */
  private reason(
    { device, neighbours }: Door,
    code: string | undefined,
    wanted: CreateAccessCodes['wanted'],
    doors: readonly Door[],
  ): Refusal {
    if (code === undefined) {
      const rules = rulesTold(doors.map((door) => door.device));
      return Refusal.untimely<CodeRefusal>(
        'not-to-be-shared',
        `No code is accepted by all of these devices.${rules}`,
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

  /** The devices that can share one PIN, tried in the order in which they were named. */
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

  private async createAll(command: CreateAccessCodes, attempt: Attempt): Promise<string[]> {
    const created: string[] = [];
    let last: Position | undefined;
    for (const wanted of await this.pins(command, attempt)) {
      const create = new CreateAccessCode(command.caller, wanted, attempt.nth);
      const { accessCodeId, position } = await this.commands.execute(create);
      created.push(accessCodeId);
      last = laterPosition(last, position);
    }
    await this.views.reached(last);
    return created;
  }
}
