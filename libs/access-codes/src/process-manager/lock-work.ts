import { type Device, recordOutage } from '@latchkey/devices';
import {
  type Cause,
  type KnownRevisions,
  type Loaded,
  RevisionConflict,
  systemCause,
} from '@latchkey/event-sourcing';
import type { LockGateway, LockRef, WriteAnswer } from '@latchkey/gateways';
import { type Clock, type Ids, inTurns, type Random, type Vault } from '@latchkey/platform';
import type { AccessCode } from '../domain/access-code';
import { storedContent, toldOf } from '../domain/content';
import { accepted, failed, type Outcome, reported, unanswered } from '../domain/decisions';
import type { CodeEvent } from '../domain/events';
import type { Step } from '../domain/plan';
import { reconcile } from '../domain/read-back';
import type { AgendaRows } from './agenda-rows';
import type { CleanUp } from './clean-up';
import type { ReadBacks } from './read-backs';
import { listedForCode } from './listed-for-code';
import { retryAt } from './retry';
import { UnknownCodes } from './unknown-codes';
import type { Streams } from '../streams';
import { endOf, isGone, mayTurnUpOf } from '../domain/life';

export interface LockWorkSettings {
  readonly commandDeadline: number;
  readonly retryFirst: number;
  readonly retryLimit: number;
}

export type Touch = Extract<Step, { do: 'program' | 'remove' }>;

/** The outcome of an attempt to touch a lock. */
export type Touched = 'done' | 'lost-the-race';

/**
 * Touches locks. Before anything is sent to a lock the intent is appended with the expected revision and a command id;
 * the loser of a race does nothing. The answer is appended as it came.
 */
export class LockWork {
  private readonly unknownCodes: UnknownCodes;

  constructor(
    private readonly options: {
      readonly streams: Streams;
      readonly gateway: LockGateway;
      readonly readBacks: ReadBacks;
      readonly rows: AgendaRows;
      readonly known: KnownRevisions;
      readonly vault: Vault;
      readonly cleanUp: Pick<CleanUp, 'atOnce' | 'eraseAhead'>;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly random: Random;
      readonly settings: LockWorkSettings;
    },
  ) {
    this.unknownCodes = new UnknownCodes(options);
  }

  /**
   * Sends one command to a lock that was taken for it.
   * @param facts appended with the intent, before it
   */
  async touch(
    codeId: string,
    loaded: Loaded<AccessCode | null>,
    facts: readonly CodeEvent[],
    device: Device,
    step: Touch,
    commandId: string,
  ): Promise<Touched> {
    const { streams, clock, settings } = this.options;
    const code = loaded.state!;
    const cause = ownCause(code, commandId);
    const now = clock.now();
    const attempt = code.trouble.failedAttempts + 1;
    const deadline = new Date(now + settings.commandDeadline).toISOString();
    const intent: CodeEvent =
      step.do === 'program'
        ? {
            type: 'ProgrammingStarted',
            data: {
              commandId,
              operation: step.operation,
              lockCodeId: code.known.onLock?.lockCodeId ?? null,
              ...(step.slot == null ? {} : { slot: step.slot }),
              content: storedContent(step.content),
              attempt,
              deadline,
            },
          }
        : {
            type: 'RemovalSent',
            data: { commandId, lockCodeId: step.lockCodeId, purpose: step.purpose, attempt, deadline },
          };
    try {
      await streams.codes.append(codeId, loaded, [...facts, intent], cause);
    } catch (error) {
      if (error instanceof RevisionConflict) return 'lost-the-race';
      throw error;
    }
    const answer = await this.send(code, device, step);
    await this.record(codeId, commandId, answer, device, cause);
    return 'done';
  }

  private async send(code: AccessCode, device: Device, step: Touch): Promise<WriteAnswer> {
    const { gateway, vault } = this.options;
    const lock = lockOf(device);
    if (step.do === 'remove') return gateway.remove(lock, step.lockCodeId);
    const [pin] = await vault.openAll([step.content.pin]);
    if (!pin) return this.unreadable(step.content.pin.keyId);
    if (step.slot === null) return LOCK_FULL;
    const { name, window } = toldOf(step.content);
    const content = {
      ...{ name, pin, window },
      ...(code.wanted.isOneTimeUse ? { oneTime: true as const } : {}),
      ...(step.slot === undefined ? {} : { slot: step.slot }),
    };
    return step.operation === 'create'
      ? gateway.program(lock, content)
      : gateway.change(lock, code.known.onLock!.lockCodeId, content);
  }

  /** A key that is missing may come back with a backup of the vault; one that was erased never does. */
  private async unreadable(keyId: string): Promise<WriteAnswer> {
    const missing = (await this.options.vault.unknownKeys([keyId])).length > 0;
    return missing
      ? { kind: 'refused', errorCode: 'PIN_UNREADABLE', message: 'the vault lacks the key of the PIN' }
      : { kind: 'refused', errorCode: 'INVALID_PIN', message: 'the PIN was erased' };
  }

  private async record(
    codeId: string,
    commandId: string,
    answer: WriteAnswer,
    device: Device,
    cause: Cause,
  ): Promise<void> {
    const { streams, clock } = this.options;
    const told = await streams.codes.transact(
      codeId,
      cause,
      (code): CodeEvent[] => {
        switch (answer.kind) {
          case 'accepted':
            return accepted(code, commandId, answer.lockCodeId);
          case 'unknown':
            return unanswered(code, commandId);
          case 'refused': {
            const { errorCode, message } = answer;
            const under = { rules: device.capabilities, at: clock.now() };
            return failed(code, commandId, { errorCode, message, retryAt: this.retryAt(code), under });
          }
          case 'unreachable':
          case 'unauthorized': {
            const later = answer.kind === 'unreachable' ? answer.retryAfterMs : undefined;
            return failed(code, commandId, {
              errorCode: answer.kind === 'unreachable' ? 'UNREACHABLE' : 'UNAUTHORIZED',
              message: answer.message,
              outage: true,
              retryAt: later === undefined ? this.retryAt(code) : clock.now() + later,
            });
          }
        }
      },
      0,
    );
    // An outage is recorded once, for the account; not for each code.
    if (answer.kind !== 'accepted') await recordOutage(streams, device.accountId, answer, cause);
    // The PIN is on the lock already: perhaps by our own creation whose answer was lost.
    const mayTurnUp = told.state && mayTurnUpOf(told.state);
    if (answer.kind === 'refused' && answer.errorCode === 'PIN_CONFLICT' && mayTurnUp) {
      await this.verify(codeId, device);
    }
    // Somebody has put a code there by hand: once it is known the next attempt goes elsewhere.
    if (answer.kind === 'refused' && answer.errorCode === 'SLOT_OCCUPIED')
      await this.verifyAll([codeId], device, 'unknown-codes');
  }

  /**
   * Reads the lock back and appends what that shows of the code.
   * @returns false when it showed nothing: read again later
   */
  async verify(codeId: string, device: Device): Promise<boolean> {
    return (await this.verifyAll([codeId], device)) === 'told';
  }

  /**
   * Reads a lock back and compares codes with it. Their states are loaded before the lock is read, and the result is
   * appended only if they have not changed since: the reading may not show what happened meanwhile.
   * @param look 'unknown-codes': also for codes that were not created here
   * @returns 'later' when it showed nothing of one of them
   */
  async verifyAll(
    codeIds: readonly string[],
    device: Device,
    look?: 'unknown-codes',
  ): Promise<'told' | 'later' | 'not-read'> {
    const { streams, known, rows, readBacks, vault, cleanUp, clock } = this.options;
    const { deviceId } = device;
    const codes: [string, Loaded<AccessCode | null>][] = [];
    for await (const codeId of inTurns(codeIds)) {
      codes.push([codeId, await streams.codes.newest(codeId, known)]);
    }
    const owners = await rows.lockCodes(deviceId);
    const answer = await readBacks.of(lockOf(device));
    if (answer.kind !== 'answered') {
      const { accountId, workspaceId } = device;
      const cause = systemCause({ workspaceId, correlationId: accountId, causationId: 'read-back' });
      await recordOutage(streams, accountId, answer, cause);
      return 'not-read';
    }
    let later = false;
    const cleaned: Promise<void>[] = [];
    for await (const [codeId, loaded] of inTurns(codes)) {
      const code = loaded.state;
      if (!code || isGone(code)) continue;
      const claimed = (lockCodeId: string): boolean => (owners.get(lockCodeId) ?? codeId) !== codeId;
      const listed = await listedForCode(code, answer.value, vault);
      const verdict = reconcile(code, { listed, claimed, now: clock.now(), retryAt: this.retryAt(code) });
      if (verdict === 'later') later = true;
      else if (verdict.length > 0) {
        const goes = endOf(code) !== null && verdict.some(({ type }) => type === 'Removed');
        const erasing = goes ? cleanUp.eraseAhead(code) : undefined;
        const now = await this.appendUnlessOvertaken(codeId, loaded, verdict);
        if (now && isGone(now)) cleaned.push(cleanUp.atOnce(now, ownCause(now, 'plan'), erasing));
      }
    }
    await Promise.all(cleaned);
    if (look) await this.unknownCodes.see(device, answer.value, owners);
    return later ? 'later' : 'told';
  }

  /** @returns the code as it is now; undefined where something happened meanwhile, which has made it due again */
  private async appendUnlessOvertaken(
    codeId: string,
    loaded: Loaded<AccessCode | null>,
    verdict: readonly CodeEvent[],
  ): Promise<AccessCode | undefined> {
    const cause = ownCause(loaded.state!, 'read-back');
    try {
      return (await this.options.streams.codes.append(codeId, loaded, verdict, cause)).state ?? undefined;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      return undefined;
    }
  }

  /**
   * A lock maker's report of a code. Reports are not signed, and anyone who knows the address can claim that something
   * was done: only what a read-back shows counts. A reported failure is tried again in any case.
   */
  async report(codeId: string, device: Device, outcome: Omit<Outcome, 'retryAt' | 'rules'>): Promise<void> {
    const { streams } = this.options;
    let readBack = false;
    const { workspaceId } = device;
    const cause = systemCause({ workspaceId, correlationId: codeId, causationId: 'report' });
    const decided = await streams.codes.transact(codeId, cause, (code, now) => {
      const events = reported(
        code,
        { ...outcome, retryAt: this.retryAt(code), rules: device.capabilities },
        now,
      );
      if (events !== 'read-back' && (!outcome.success || events.length === 0)) return events;
      readBack = true;
      return [];
    });
    if (readBack && decided.state) await this.verify(codeId, device);
  }

  retryAt(code: AccessCode | null): number {
    const { clock, random, settings } = this.options;
    return retryAt(clock.now(), code?.trouble.failedAttempts ?? 0, random, settings);
  }
}

const LOCK_FULL: WriteAnswer = {
  kind: 'refused',
  errorCode: 'LOCK_FULL',
  message: 'all places on the lock that are ours are taken',
};

/** The cause of what is done for a code by its plan or a command to its lock, without a request. */
export function ownCause({ codeId, workspaceId }: AccessCode, causationId: string): Cause {
  return systemCause({ workspaceId, correlationId: codeId, causationId });
}

export function lockOf(device: Device): LockRef {
  return { accountId: device.accountId, maker: device.maker, lockId: device.lockId };
}
