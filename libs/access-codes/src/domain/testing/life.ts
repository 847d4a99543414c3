import { iso, MINUTE, SECOND } from '@latchkey/platform';
import { type Account, accountFold, type AccountEvent, type Device } from '@latchkey/devices';
import type { Happened } from '@latchkey/event-sourcing';
import type { AccessCode } from '../access-code';
import { storedContent, type Window } from '../content';
import { codeFold } from '../code-fold';
import { handedOver, pulled } from '../backup';
import {
  accepted,
  type Changes,
  change,
  failed,
  type Outcome,
  remove,
  reported,
  request,
  unanswered,
} from '../decisions';
import type { CodeEvent } from '../events';
import {
  endReservations,
  type Keypad,
  keypadFold,
  type KeypadEvent,
  PinTaken,
  release,
  reserve,
} from '../keypad';
import type { Circumstances } from '../circumstances';
import { plan, type Step } from '../plan';
import { reconcile } from '../read-back';
import {
  account,
  keypadOf,
  nativeLock,
  pin,
  requested,
  type Requested,
  settings,
  simpleLock,
  T0,
} from './builders';
import { KeypadLock, type LockOutcome } from './keypad-lock';
import { endOf, isGone, isUnmanaged, mayTurnUpOf } from '../life';

/** How the maker answers the next call. */
export type Answer = 'accepted' | 'unanswered' | 'lost' | 'outage' | { readonly refused: string };

/** Planning that never comes to rest is a fault. */
const STEPS_AT_MOST = 25;

/** A step, and what it was planned on. */
export interface Planned {
  readonly code: AccessCode | null;
  readonly step: Step;
  readonly on: Circumstances;
}

export class NeverSettles extends Error {}

/**
 * Codes on one keypad and everything around them, driven through the real decisions by any order of events that a test
 * makes up. What the executor does with plans is done here in the simplest possible way.
 */
export class Life {
  now = T0;
  readonly lock = new KeypadLock();
  readonly codes = new Map<string, AccessCode>();
  /** Every event of each code. */
  readonly written = new Map<string, Happened<CodeEvent>[]>();
  readonly planned: Planned[] = [];
  keypad: Keypad = keypadOf();
  device: Device;
  account: Account | null = account;
  answer: Answer = 'accepted';
  private commands = 0;
  private reports: LockOutcome[] = [];

  constructor(native: boolean) {
    this.device = native ? nativeLock : simpleLock;
  }

  get around(): Circumstances {
    const { account, device, keypad, now } = this;
    return { account, device, keypad, now, settings };
  }

  /** A client's command: reserves, then requests. @returns false where its PIN is taken */
  create(
    codeId: string,
    fingerprint: string,
    schedule: Window | null,
    more: Partial<Requested> = {},
  ): boolean {
    const event = requested(schedule, { codeId, ...pin(fingerprint), ...more });
    if (!this.reserve(codeId, fingerprint, schedule)) return false;
    if (event.type === 'CodeRequested') {
      this.append(codeId, request(this.codes.get(codeId) ?? null, event.data));
    }
    return true;
  }

  change(codeId: string, changes: Changes): void {
    const code = this.codes.get(codeId);
    if (!code || endOf(code) || isUnmanaged(code)) return;
    const schedule = changes.schedule === undefined ? code.wanted.schedule : changes.schedule;
    if (!this.reserve(codeId, changes.pinFingerprint ?? code.wanted.pinFingerprint, schedule)) return;
    this.append(codeId, change(code, changes));
  }

  remove(codeId: string): void {
    const code = this.codes.get(codeId);
    if (!code || isGone(code)) return;
    this.append(codeId, remove(code));
    this.onKeypad(endReservations(this.keypad, codeId, this.now));
  }

  tell(events: readonly AccountEvent[]): void {
    for (const event of events) this.account = accountFold.evolve(this.account, { ...event, at: this.now });
  }

  alter(device: Partial<Device>): void {
    this.device = { ...this.device, ...device };
  }

  /** The lock carries out its orders; each report comes `times` times. */
  lockWorks(succeeds: boolean, timesReported: number): void {
    for (const outcome of this.lock.work(succeeds)) {
      for (let n = 0; n < timesReported; n++) this.reports.push(outcome);
    }
  }

  /** Reports arrive, in this order or the other way round. */
  reportsArrive(reversed: boolean): void {
    const arriving = reversed ? this.reports.reverse() : this.reports;
    this.reports = [];
    for (const report of arriving) {
      for (const [codeId, code] of this.codes) {
        if (code.known.inFlight?.lockCodeId !== report.lockCodeId) continue;
        const told = reported(code, this.outcome(report), this.now);
        if (told === 'read-back') this.readBack(codeId);
        else this.append(codeId, told);
      }
    }
  }

  /** @returns false where the lock had not decided */
  readBack(codeId: string): boolean {
    const code = this.codes.get(codeId);
    if (!code || isGone(code)) return true;
    const owners = new Map<string, string>();
    for (const [
      id,
      {
        known: { onLock, inFlight },
      },
    ] of this.codes) {
      if (onLock) owners.set(onLock.lockCodeId, id);
      if (inFlight?.lockCodeId) owners.set(inFlight.lockCodeId, id);
    }
    const verdict = reconcile(code, {
      listed: this.lock.read().map((entry) => {
        const foreign =
          entry.lockCodeId === code.known.onLock?.lockCodeId &&
          code.wanted.externalModificationAllowed &&
          entry.pinFingerprint !== code.known.onLock.pinFingerprint;
        return foreign ? { ...entry, pin: pin(entry.pinFingerprint).pin } : entry;
      }),
      claimed: (lockCodeId) => (owners.get(lockCodeId) ?? codeId) !== codeId,
      now: this.now,
      retryAt: this.retryAt(),
    });
    if (verdict === 'later') return false;
    this.append(codeId, verdict);
    return true;
  }

  /** Works each code through until there is nothing to do but wait. @returns the next instant to look, ms */
  settle(): number | null {
    let next: number | null = null;
    const ids = [...new Set([...this.codes.keys(), ...this.keypad.reservations.map((r) => r.codeId)])];
    // A second round, since another code may wait for what leaves the keypad in the first.
    for (const codeId of [...ids, ...ids]) {
      const until = this.workThrough(codeId);
      if (until !== null && until > this.now && (next === null || until < next)) next = until;
    }
    return next;
  }

  private workThrough(codeId: string): number | null {
    for (let count = 0; count < STEPS_AT_MOST; count++) {
      const code = this.codes.get(codeId) ?? null;
      const on = this.around;
      const step = plan(codeId, code, on);
      this.planned.push({ code, step, on });
      switch (step.do) {
        case 'wait':
          return step.until;
        case 'append':
          this.append(codeId, step.events);
          break;
        case 'reserve':
          this.reserve(codeId, code!.wanted.pinFingerprint, code!.wanted.schedule, isUnmanaged(code!));
          break;
        case 'release':
          this.onKeypad(release(this.keypad, codeId, step.pinFingerprint));
          break;
        case 'release-slot':
          this.onKeypad([{ type: 'SlotReleased', data: { codeId } }]);
          break;
        case 'clean-up':
          this.onKeypad(release(this.keypad, codeId, null));
          return null;
        case 'verify':
          if (!this.readBack(codeId)) return this.now + 5 * SECOND;
          break;
        case 'hand-over':
          this.append(step.toCodeId, pulled(this.codes.get(step.toCodeId) ?? null, codeId));
          this.append(codeId, handedOver(code));
          break;
        default:
          if (this.lockIsTaken(codeId)) return this.now + 5 * SECOND;
          this.touch(codeId, code!, step);
      }
    }
    throw new NeverSettles(`${codeId} was not settled after ${STEPS_AT_MOST} steps`);
  }

  private touch(codeId: string, code: AccessCode, step: Extract<Step, { do: 'program' | 'remove' }>): void {
    const commandId = `command-${++this.commands}`;
    const attempt = code.trouble.failedAttempts + 1;
    const deadline = iso(this.now + MINUTE);
    const lockCodeId = code.known.onLock?.lockCodeId ?? null;
    this.append(codeId, [
      step.do === 'program'
        ? {
            type: 'ProgrammingStarted',
            data: {
              commandId,
              operation: step.operation,
              lockCodeId,
              content: storedContent(step.content),
              attempt,
              deadline,
            },
          }
        : {
            type: 'RemovalSent',
            data: { commandId, lockCodeId: step.lockCodeId, purpose: step.purpose, attempt, deadline },
          },
    ]);
    const { answer } = this;
    const sent = this.codes.get(codeId)!;
    if (answer === 'outage' || typeof answer === 'object') {
      const errorCode = answer === 'outage' ? 'UNREACHABLE' : answer.refused;
      this.append(codeId, this.failed(sent, commandId, errorCode, answer === 'outage'));
      return;
    }
    if (answer === 'lost') {
      this.append(codeId, unanswered(sent, commandId));
      return;
    }
    const taken =
      step.do === 'remove'
        ? this.lock.remove(step.lockCodeId)
        : step.operation === 'create'
          ? this.lock.create(step.content)
          : this.lock.change(lockCodeId!, step.content);
    if (answer === 'unanswered') this.append(codeId, unanswered(sent, commandId));
    else if (typeof taken === 'string') this.append(codeId, accepted(sent, commandId, taken));
    else {
      this.append(codeId, this.failed(sent, commandId, taken.refused, false));
      const code = this.codes.get(codeId);
      if (taken.refused === 'PIN_CONFLICT' && code && mayTurnUpOf(code)) this.readBack(codeId);
    }
  }

  private failed(code: AccessCode, commandId: string, errorCode: string, outage: boolean): CodeEvent[] {
    return failed(code, commandId, { errorCode, message: 'no', outage, retryAt: this.retryAt() });
  }

  private lockIsTaken(codeId: string): boolean {
    return [...this.codes].some(
      ([
        id,
        {
          known: { inFlight },
        },
      ]) => id !== codeId && inFlight !== null && inFlight.deadline > this.now,
    );
  }

  private outcome(report: LockOutcome): Outcome {
    return { ...report, retryAt: this.retryAt() };
  }

  private retryAt(): number {
    return this.now + 30 * SECOND;
  }

  private reserve(codeId: string, pinFingerprint: string, window: Window | null, foreign = false): boolean {
    try {
      this.onKeypad(reserve(this.keypad, { codeId, pinFingerprint, window, foreign }));
      return true;
    } catch (error) {
      if (error instanceof PinTaken) return false;
      throw error;
    }
  }

  onKeypad(events: readonly KeypadEvent[]): void {
    for (const event of events) this.keypad = keypadFold.evolve(this.keypad, { ...event, at: this.now });
  }

  append(codeId: string, events: readonly CodeEvent[]): void {
    const happened: Happened<CodeEvent>[] = events.map((event) => ({ ...event, at: this.now }));
    const code = happened.reduce<AccessCode | null>(
      (folded, event) => codeFold.evolve(folded, event),
      this.codes.get(codeId) ?? codeFold.initial,
    );
    if (code) this.codes.set(codeId, code);
    this.written.set(codeId, [...(this.written.get(codeId) ?? []), ...happened]);
  }
}
