import type { Device } from '@latchkey/devices';
import {
  type Cause,
  evolved,
  type KnownRevisions,
  type Loaded,
  RevisionConflict,
  systemCause,
} from '@latchkey/event-sourcing';
import { type Clock, type Ids, othersTurn, type Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { codeFold } from '../domain/code-fold';
import type { CodeEvent } from '../domain/events';
import { PinTaken, release } from '../domain/keypad';
import type { Circumstances, PlanSettings } from '../domain/circumstances';
import { plan, type Step } from '../domain/plan';
import { asTold } from '../domain/told';
import { type AgendaClaim, type AgendaRows, COMMAND_AT_MOST, type Settlement } from './agenda-rows';
import { causeOfDeletion } from './cause-of-deletion';
import { circumstancesOf } from './circumstances';
import type { CleanUp } from './clean-up';
import type { InFlightCalls } from './in-flight-calls';
import { handOver } from './hand-over';
import { type LockWork, ownCause, type Touch } from './lock-work';
import { otherNames } from './names-on-lock';
import type { Streams } from '../streams';
import { isUnmanaged } from '../domain/life';

/** How many events in a row planning may append for one code: more would be a defect that must not loop for ever. */
const STEPS_AT_MOST = 25;
/** How soon to read a lock again that had not decided yet, ms. */
const LOOK_AGAIN = 5_000;

/** A code as it was loaded, and its next step. */
interface Look {
  readonly claim: AgendaClaim;
  readonly loaded: Loaded<AccessCode | null>;
  readonly circumstances: Circumstances;
  /** Facts that hold already, to be appended in any case. */
  readonly facts: readonly CodeEvent[];
  readonly step: Step;
}

/** After a step: plan again; load again, since another process was faster; or wait. */
type Taken = 'done' | 'overtaken' | Settlement;

/**
 * Takes one code through its steps: loads the streams, asks `plan` for the next step and takes it, until there is nothing
 * to do but wait.
 */
export class CodeWork {
  constructor(
    private readonly options: {
      readonly rows: AgendaRows;
      readonly streams: Streams;
      readonly known: KnownRevisions;
      readonly work: LockWork;
      readonly calls: InFlightCalls;
      readonly vault: Vault;
      readonly clock: Clock;
      /** Between which instants it is, ms: they differ where the clock was set and it is not known which one is right. */
      readonly bounds: () => { readonly earliest: number; readonly latest: number };
      readonly ids: Ids;
      readonly settings: PlanSettings;
      readonly cleanUp: CleanUp;
    },
  ) {}

  /** @returns when the code is due again */
  async workThrough(claim: AgendaClaim): Promise<Settlement> {
    const { known, streams } = this.options;
    // States in memory are good enough until it turns out that another process was faster.
    let atLeast = known.atLeast(streams.codes.streamOf(claim.id));
    for (let count = 0; count < STEPS_AT_MOST; count++) {
      const taken = await this.take(await this.look(claim, atLeast));
      if (typeof taken === 'object') return taken;
      if (taken === 'overtaken') atLeast = undefined;
    }
    throw new Error(`${claim.subject} was not settled after ${STEPS_AT_MOST} steps`);
  }

  private async look(claim: AgendaClaim, atLeast: number | undefined): Promise<Look> {
    const { streams, clock } = this.options;
    const now = clock.now();
    const loaded = await streams.codes.load(claim.id, atLeast);
    const code = loaded.state;
    const circumstances = await circumstancesOf(claim, code, now, this.options);
    const step = plan(claim.id, code, circumstances);
    if (step.do === 'append') {
      // Where the step after a fact touches the lock, both are appended together: one write instead of two.
      const next = plan(claim.id, evolved(codeFold, code, step.events, now), circumstances);
      if (next.do === 'program' || next.do === 'remove') {
        return { claim, loaded, circumstances, facts: step.events, step: next };
      }
    }
    return { claim, loaded, circumstances, facts: [], step };
  }

  private async take(look: Look): Promise<Taken> {
    const { claim, loaded, circumstances, step } = look;
    const code = loaded.state;
    switch (step.do) {
      case 'wait':
        return { do: 'wait', revision: loaded.revision, until: step.until, forKeypad: step.forKeypad };
      case 'append':
        return this.append(look, step.events);
      case 'reserve':
        return this.reserve(code!);
      case 'hand-over':
        return this.handOver(claim.id, code!, step.toCodeId);
      case 'release':
        if (!code) await this.forget(claim, circumstances);
        await this.letGo(claim, code, step.pinFingerprint);
        return code ? 'done' : { do: 'drop', revision: loaded.revision };
      case 'release-slot':
        return this.releaseSlot(code!);
      case 'clean-up':
        return this.cleanUp(claim, code!, loaded.revision);
      case 'verify':
        return this.verify(look);
      default:
        return this.touch(look, step, circumstances.device!);
    }
  }

  private async append(
    { claim, loaded, circumstances: { device } }: Look,
    facts: readonly CodeEvent[],
  ): Promise<'done' | 'overtaken'> {
    const { streams } = this.options;
    // Its own row may have its turn before the device's has ended it.
    const cause =
      device?.deletedAt != null
        ? await causeOfDeletion(streams.devices, device.deviceId)
        : plannedCause(claim, loaded.state);
    try {
      await streams.codes.append(claim.id, loaded, facts, cause);
      return 'done';
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      return 'overtaken';
    }
  }

  private async reserve(code: AccessCode): Promise<'done'> {
    const {
      codeId,
      deviceId,
      wanted: { pin, pinFingerprint, schedule: window },
    } = code;
    const foreign = isUnmanaged(code);
    const cause = ownCause(code, 'plan');
    try {
      const claim = { codeId, pin, pinFingerprint, window, foreign };
      await this.options.streams.reservePin(deviceId, cause, claim);
    } catch (error) {
      // Another process was faster: planning sees that now.
      if (!(error instanceof PinTaken)) throw error;
    }
    return 'done';
  }

  private async releaseSlot(code: AccessCode): Promise<'done'> {
    await this.options.streams.releaseSlot(code.deviceId, ownCause(code, 'plan'), code.codeId);
    return 'done';
  }

  /** The next step of an interrupted pull of a backup code. */
  private async handOver(backupCodeId: string, code: AccessCode, toCodeId: string): Promise<'done'> {
    const { streams } = this.options;
    await handOver(streams, { backupCodeId, toCodeId }, ownCause(code, 'plan'));
    return 'done';
  }

  /** A code that was never requested leaves no PIN behind, nor does it bind others with its common_code_key. */
  private async forget(claim: AgendaClaim, { keypad }: Circumstances): Promise<void> {
    const { vault, streams } = this.options;
    for (const { pin, commonCodeId } of keypad.reservations) {
      if (commonCodeId !== undefined)
        await streams.commonCodes.leave(commonCodeId, claim.id, plannedCause(claim, null));
      if (pin) await vault.erase(pin.keyId);
    }
  }

  private async letGo(
    claim: AgendaClaim,
    code: AccessCode | null,
    pinFingerprint: string | null,
  ): Promise<void> {
    const deviceId = code?.deviceId ?? claim.deviceId;
    if (!deviceId) return;
    const cause = plannedCause(claim, code);
    await this.options.streams.onReservationsOf(claim.id, deviceId, cause, (keypad) =>
      release(keypad, claim.id, pinFingerprint),
    );
  }

  /** The code is gone: its PIN's key is erased, and then the PIN is released. */
  private async cleanUp(claim: AgendaClaim, code: AccessCode, revision: number): Promise<Settlement> {
    await this.options.cleanUp.after(code.deviceId, [code], plannedCause(claim, code));
    return { do: 'drop', revision };
  }

  private async verify({ claim, loaded, circumstances }: Look): Promise<Taken> {
    const { work } = this.options;
    if (await work.verify(claim.id, circumstances.device!)) return 'done';
    const again = circumstances.now + LOOK_AGAIN;
    const deadline = loaded.state!.known.inFlight?.deadline ?? again;
    const until = deadline > circumstances.now ? Math.min(again, deadline) : again;
    return { do: 'wait', revision: loaded.revision, until };
  }

  /** Takes the lock for one command and sends it, or waits for its turn. */
  private async touch(look: Look, step: Touch, device: Device): Promise<Taken> {
    const { rows, clock, ids, calls } = this.options;
    const { claim, facts } = look;
    const { deviceId } = device;
    const commandId = ids.uuid();
    if (!(await rows.takeLock(deviceId, commandId, claim.id, clock.now() + COMMAND_AT_MOST))) {
      if (facts.length > 0) return this.append(look, facts);
      const until = (await rows.lockFreeAt(deviceId)) ?? clock.now();
      return { do: 'wait-for-lock', revision: look.loaded.revision, until };
    }
    const told = await this.asTheLockTakesIt(look, step, device).catch(async (error: unknown) => {
      await rows.freeLock(deviceId, commandId);
      throw error;
    });
    const { touched } = await calls.during(deviceId, this.send(look, told, device, commandId));
    // A report that waited for this goes on to the lock, which takes longer than planning the next step.
    await othersTurn();
    if (touched === 'done') return 'done';
    await rows.freeLock(deviceId, commandId);
    return 'overtaken';
  }

  private async send({ claim, loaded, facts }: Look, step: Touch, device: Device, commandId: string) {
    const { work, streams } = this.options;
    const touched = await work.touch(claim.id, loaded, facts, device, step, commandId);
    const { state: code } = await streams.codes.load(claim.id, 0);
    const lockCodeId = code?.known.inFlight?.lockCodeId;
    if (lockCodeId == null) return { touched };
    return { touched, lockCode: { deviceId: device.deviceId, lockCodeId, codeId: claim.id } };
  }

  /**
   * The same for a new code: in a place of its own on a lock with numbered places, and under a name that no other code
   * has on a lock where names must differ.
   */
  private async asTheLockTakesIt(look: Look, asked: Touch, device: Device): Promise<Touch> {
    if (asked.do !== 'program') return asked;
    const { claim, loaded, circumstances } = look;
    const step = { ...asked, ...(await this.slotFor(look, asked, device)) };
    const others = await otherNames(device, claim.id, this.options);
    if (others.length === 0) return step;
    return { ...step, content: asTold(loaded.state!, step.content, device, circumstances.now, others) };
  }

  private async slotFor(
    { claim, loaded }: Look,
    { operation }: Extract<Touch, { do: 'program' }>,
    { deviceId, capabilities }: Device,
  ): Promise<{ readonly slot?: number | null }> {
    const { slots } = capabilities;
    if (!slots || operation !== 'create') return {};
    const cause = plannedCause(claim, loaded.state);
    return { slot: await this.options.streams.takeSlot(deviceId, cause, claim.id, slots) };
  }
}

/** The cause of what the plan for a code has, also where the code has no state yet. */
function plannedCause({ id, workspaceId }: AgendaClaim, code: AccessCode | null): Cause {
  return code ? ownCause(code, 'plan') : systemCause({ workspaceId, correlationId: id, causationId: 'plan' });
}
