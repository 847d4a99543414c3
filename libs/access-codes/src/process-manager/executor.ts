import type { Device } from '@latchkey/devices';
import {
  type Cause,
  evolved,
  type KnownRevisions,
  type Loaded,
  RevisionConflict,
} from '@latchkey/event-sourcing';
import type { Clock, Ids, Logger, Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { codeFold } from '../domain/code-fold';
import type { CodeEvent } from '../domain/events';
import { PinTaken, release, reserve } from '../domain/keypad';
import { plan, type PlanSettings } from '../domain/plan';
import type { AgendaRows, Claim } from './agenda-rows';
import type { Calls } from './calls';
import { handOver } from './hand-over';
import type { LockWork, Touch, Touched } from './lock-work';
import type { Streams } from '../streams';

/** What the agenda holds beside codes is worked through by somebody else; says when it is due again, ms. */
export interface OtherWork {
  readonly device: (deviceId: string) => Promise<number | null>;
  readonly account: (accountId: string) => Promise<number | null>;
}

const AT_ONCE = 48;
const CLAIM = 64;
/** A code that planning keeps finding something to append for is a fault: it must not spin. */
const STEPS_AT_MOST = 25;
/** A row that could not be worked through is looked at again after this, ms. */
const AFTER_FAULT = 30_000;
/** How soon to look again at a lock that had not made up its mind, ms. */
const LOOK_AGAIN = 5_000;

/**
 * Works through the agenda: claims what is due, loads the streams, asks `plan` for the next step and takes it,
 * until there is nothing to do but wait. Any number of locks in parallel, one command in flight for each.
 */
export class Executor {
  private running = 0;
  private pumping = false;
  private again = false;
  private stopped = true;
  private held = false;
  private cancelTimer: (() => void) | undefined;
  private readonly owner: string;
  private idle: (() => void)[] = [];
  private next: number | null = null;

  constructor(
    private readonly options: {
      readonly rows: AgendaRows;
      readonly streams: Streams;
      readonly known: KnownRevisions;
      readonly work: LockWork;
      readonly calls: Calls;
      readonly others: OtherWork;
      readonly vault: Vault;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly logger: Logger;
      readonly settings: PlanSettings & {
        /** Whether an expired code's PIN may still be asked for. */
        readonly keepsExpired: (workspaceId: string) => Promise<boolean>;
      };
    },
  ) {
    this.owner = options.ids.uuid();
  }

  start(): void {
    this.stopped = false;
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.whenIdle();
  }

  /** Begins nothing more and finishes nothing. */
  abandon(): void {
    this.stopped = true;
    this.cancelTimer?.();
  }

  /** Nothing is begun until `release`: while a clock that others share is being put, what is due is not settled. */
  hold(): void {
    this.held = true;
  }

  release(): void {
    this.held = false;
    this.wake();
  }

  /** Something may be due. */
  wake(): void {
    if (this.stopped || this.held) return;
    if (this.pumping) {
      this.again = true;
      return;
    }
    this.pumping = true;
    void this.pump();
  }

  /** Resolves when nothing is being worked on and nothing that was due is left. */
  async whenIdle(): Promise<void> {
    if (!this.pumping && this.running === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** When the next row falls due by itself, ms, as it was when this last became idle; null: never. */
  get nextDue(): number | null {
    return this.next;
  }

  private async pump(): Promise<void> {
    const { clock, logger } = this.options;
    try {
      for (;;) {
        this.again = false;
        const claimed = await this.claimDue();
        for (const claim of claimed) this.begin(claim);
        if (this.stopped || this.held || (claimed.length === 0 && !this.again)) break;
      }
      this.sleepUntilDue();
    } catch (error) {
      logger.error({ err: error }, 'the agenda can not be read');
      this.cancelTimer?.();
      this.cancelTimer = clock.at(clock.now() + LOOK_AGAIN, () => this.wake());
    } finally {
      this.pumping = false;
      if (this.again && !this.stopped) this.wake();
      else this.settleIdle();
    }
  }

  private async claimDue(): Promise<Claim[]> {
    const { rows, clock } = this.options;
    // Looking costs a fraction of what claiming does, and mostly there is nothing to claim.
    this.next = await rows.nextDue();
    const room = Math.min(CLAIM, AT_ONCE - this.running);
    if (room <= 0 || this.next === null || this.next > clock.now() || this.stopped || this.held) return [];
    return rows.claim(this.owner, clock.now(), room);
  }

  private begin(claim: Claim): void {
    this.running++;
    void this.work(claim)
      .catch((error: unknown) => this.afterFault(claim, error))
      .finally(() => {
        this.running--;
        this.wake();
        this.settleIdle();
      });
  }

  private settleIdle(): void {
    if (this.pumping || this.running > 0) return;
    const waiting = this.idle;
    this.idle = [];
    for (const resolve of waiting) resolve();
  }

  private sleepUntilDue(): void {
    const { clock } = this.options;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    if (this.next !== null && this.next > clock.now())
      this.cancelTimer = clock.at(this.next, () => this.wake());
  }

  /** One broken code holds up no other: it is looked at again later, and told of. */
  private async afterFault(claim: Claim, error: unknown): Promise<void> {
    const { clock, logger, rows } = this.options;
    logger.error({ err: error, subject: claim.subject }, 'could not be worked through; later again');
    await rows
      .waitUntil(claim, Number.MAX_SAFE_INTEGER, clock.now() + AFTER_FAULT)
      .catch((again: unknown) =>
        logger.error({ err: again, subject: claim.subject }, 'could not be put off'),
      );
  }

  private async work(claim: Claim): Promise<void> {
    const { rows, others } = this.options;
    if (claim.kind === 'code') return this.workCode(claim);
    const until = await (claim.kind === 'device' ? others.device(claim.id) : others.account(claim.id));
    await rows.waitUntil(claim, Number.MAX_SAFE_INTEGER, until);
  }

  private async workCode(claim: Claim): Promise<void> {
    const { rows, streams, clock, work } = this.options;
    // What is kept in memory will do, until it turns out that somebody else was faster.
    let atLeast = this.options.known.atLeast(streams.codes.streamOf(claim.id));
    for (let count = 0; count < STEPS_AT_MOST; count++) {
      const now = clock.now();
      const loaded = await streams.codes.load(claim.id, atLeast);
      const code = loaded.state;
      const circumstances = await this.circumstances(claim, code, now);
      let step = plan(claim.id, code, circumstances);
      let facts: readonly CodeEvent[] = [];
      if (step.do === 'append') {
        // What a fact leads to is appended with it where that touches the lock: one write instead of two.
        const next = plan(claim.id, evolved(codeFold, code, step.events, now), circumstances);
        if (next.do === 'program' || next.do === 'remove') [facts, step] = [step.events, next];
      }
      switch (step.do) {
        case 'wait':
          await rows.waitUntil(claim, loaded.revision, step.until, step.forKeypad);
          if (claim.lockTurn && claim.deviceId) await rows.passTurn(claim.deviceId);
          return;
        case 'append':
          if (!(await this.appendFacts(claim, loaded, step.events))) atLeast = undefined;
          break;
        case 'reserve':
          await this.reserve(code!);
          break;
        case 'hand-over':
          // What whoever pulled the backup would have done next.
          await handOver(
            streams,
            { backupCodeId: claim.id, toCodeId: step.toCodeId },
            work.causeOf(code, 'plan'),
          );
          break;
        case 'release':
          await this.letGo(claim, code, step.pinFingerprint);
          if (!code) return rows.drop(claim, loaded.revision);
          break;
        case 'clean-up':
          return this.cleanUp(claim, code!, loaded.revision);
        case 'verify':
          if (!(await work.verify(claim.id, circumstances.device!))) {
            const again = now + LOOK_AGAIN;
            const { inFlight } = code!;
            const at = inFlight && inFlight.deadline > now ? Math.min(again, inFlight.deadline) : again;
            await rows.waitUntil(claim, loaded.revision, at);
            return;
          }
          break;
        default:
          switch (await this.touchLock(claim, loaded, facts, step, circumstances.device!)) {
            case 'lock-busy':
              return;
            case 'lost-the-race':
              atLeast = undefined;
              break;
            case 'done':
              break;
          }
      }
    }
    throw new Error(`${claim.subject} was not settled after ${STEPS_AT_MOST} steps`);
  }

  /** @returns false when somebody else was faster */
  private async appendFacts(
    claim: Claim,
    loaded: Loaded<AccessCode | null>,
    facts: readonly CodeEvent[],
  ): Promise<boolean> {
    const { streams, work } = this.options;
    try {
      await streams.codes.append(claim.id, loaded, facts, work.causeOf(loaded.state, 'plan'));
      return true;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      return false;
    }
  }

  private async circumstances(claim: Claim, code: AccessCode | null, now: number) {
    const { streams, known, settings } = this.options;
    const deviceId = code?.deviceId ?? claim.deviceId ?? '';
    const [device, keypad] = await Promise.all([
      streams.devices.load(deviceId, known.atLeast(streams.devices.streamOf(deviceId))),
      streams.keypad(deviceId, known.atLeast(streams.keypadStream(deviceId))),
    ]);
    const accountId = device.state?.accountId ?? code?.accountId;
    const account = accountId
      ? (await streams.accounts.load(accountId, known.atLeast(streams.accounts.streamOf(accountId)))).state
      : null;
    return { device: device.state, account, keypad, now, settings };
  }

  /** @param facts what is true already, and to be appended whatever becomes of the attempt */
  private async touchLock(
    claim: Claim,
    loaded: Loaded<AccessCode | null>,
    facts: readonly CodeEvent[],
    step: Touch,
    device: Device,
  ): Promise<Touched | 'lock-busy'> {
    const { rows, clock, ids, work, calls } = this.options;
    const { deviceId } = device;
    const commandId = ids.uuid();
    const now = clock.now();
    if (!(await rows.takeLock(deviceId, commandId, claim.id, now, now + COMMAND_AT_MOST))) {
      if (facts.length > 0) return (await this.appendFacts(claim, loaded, facts)) ? 'done' : 'lost-the-race';
      const until = (await rows.lockFreeAt(deviceId)) ?? now;
      await rows.waitForLock(claim, loaded.revision, until, now);
      return 'lock-busy';
    }
    const touched = await calls.during(
      deviceId,
      work.touch(claim.id, loaded, facts, device, step, commandId),
    );
    if (touched === 'lost-the-race') await rows.freeLock(deviceId, commandId);
    return touched;
  }

  private async reserve(code: AccessCode): Promise<void> {
    const { codeId, deviceId, pinFingerprint, schedule: window, unmanaged: foreign } = code;
    const cause = this.options.work.causeOf(code, 'plan');
    try {
      await this.options.streams.onKeypad(deviceId, cause, (keypad) =>
        reserve(keypad, { codeId, pinFingerprint, window, foreign }),
      );
    } catch (error) {
      // Somebody else was faster: planning sees that now.
      if (!(error instanceof PinTaken)) throw error;
    }
  }

  private async letGo(claim: Claim, code: AccessCode | null, pinFingerprint: string | null): Promise<void> {
    const deviceId = code?.deviceId ?? claim.deviceId;
    if (!deviceId) return;
    const cause: Cause = this.options.work.causeOf(code, 'plan', '', claim.id);
    await this.options.streams.onKeypad(deviceId, cause, (keypad) =>
      release(keypad, claim.id, pinFingerprint),
    );
  }

  /** The code is gone: its PIN is free, and nobody can read it any more. */
  private async cleanUp(claim: Claim, code: AccessCode, revision: number): Promise<void> {
    const { rows, vault, settings } = this.options;
    const kept =
      code.ending?.cause === 'expired' && !code.forgotten && (await settings.keepsExpired(code.workspaceId));
    await Promise.all([this.letGo(claim, code, null), kept ? undefined : vault.erase(code.pin.keyId)]);
    if (claim.lockTurn && claim.deviceId) await rows.passTurn(claim.deviceId);
    await rows.drop(claim, revision);
  }
}

/** A lock is taken for so long at first, ms; the command's own deadline takes over when it is appended. */
const COMMAND_AT_MOST = 120_000;
