import { violations } from '../constraints';
import type {
  AccountRef,
  Answer,
  ListedCode,
  LockCapabilities,
  LockCode,
  LockDescription,
  LockGateway,
  LockRef,
  LockReport,
  Refusal,
  WriteAnswer,
} from '../lock-gateway';
import { CodesInMemory, type Performed } from './codes-in-memory';

/** What a lock was asked for, in the order in which it was. */
export interface LockCall {
  readonly call: 'program' | 'change' | 'remove' | 'list' | 'operate';
  readonly lockId: string;
  readonly lockCodeId?: string;
  readonly code?: LockCode;
}

/**
 * Instead of what the lock would answer: a refusal, after which it does nothing, or `lost`: it does what it was asked,
 * and the answer never comes.
 */
export type InsteadOfAnswer = Refusal | 'lost';

interface Lock {
  readonly ref: LockRef;
  readonly description: LockDescription;
  readonly codes: CodesInMemory;
  version: number;
  online: boolean;
}

const ABILITIES: LockCapabilities = {
  nativeScheduling: true,
  supportedCodeLengths: [4, 5, 6, 7, 8],
  codeConstraints: [],
  maxActiveCodes: null,
  canRemotelyLock: true,
  canRemotelyUnlock: true,
};

/**
 * Locks in memory, for tests: a gateway that keeps the port's contract. A lock takes what it is asked for at once and
 * does it when it is told to (`settle`); its reports wait to be collected.
 */
export class InMemoryLocks implements LockGateway {
  /** Every call that came so far. */
  readonly calls: LockCall[] = [];
  /** Every report so far, oldest first. */
  readonly reports: LockReport[] = [];
  /** Set: no call to the maker gets any further. */
  outage: Refusal | undefined;
  private readonly all = new Map<string, Lock>();
  private readonly instead: InsteadOfAnswer[] = [];
  private operations: LockReport[] = [];

  constructor(private readonly clock: { now(): number }) {}

  /** Hangs up a lock. It keeps windows by itself and has room for any number of codes, unless set otherwise. */
  add(
    ref: LockRef,
    { name = 'Door', ...abilities }: Partial<LockCapabilities> & { readonly name?: string } = {},
  ): void {
    const capabilities = { ...ABILITIES, ...abilities };
    const description: LockDescription = {
      ...{ lockId: ref.lockId, name, model: null, online: true, batteryLevel: null, timeZone: null },
      ...{ clockDrift: null, updatedAt: null, capabilities },
    };
    const codes = new CodesInMemory(ref.lockId);
    this.all.set(ref.lockId, { ref, description, codes, version: 0, online: true });
  }

  /** The next writes are answered so, in this order. */
  answerNext(...answers: readonly InsteadOfAnswer[]): void {
    this.instead.push(...answers);
  }

  setOnline(lockId: string, online: boolean): void {
    this.lock(lockId).online = online;
  }

  /**
   * Every lock does what it has been asked for, and reports it.
   * @param failing the error code with which it fails at all of it instead
   * @returns the reports
   */
  settle(failing?: string): LockReport[] {
    const reports = [...this.all.values()].flatMap((lock) => {
      const performed = lock.codes.perform(failing === undefined);
      if (performed.length > 0) lock.version++;
      return performed.map((each) => reportOf(lock.ref.lockId, each, failing ?? null));
    });
    reports.push(...this.operations.splice(0));
    this.reports.push(...reports);
    return reports;
  }

  /** Somebody puts a code on the lock, standing before it. @returns the lock's id of it, drawn unless it is given */
  putByHand(lockId: string, code: LockCode, lockCodeId?: string): string {
    return this.byHand(lockId).put(code, lockCodeId);
  }

  changeByHand(lockId: string, lockCodeId: string, change: Partial<LockCode>): void {
    this.byHand(lockId).alter(lockCodeId, change);
  }

  eraseByHand(lockId: string, lockCodeId: string): void {
    this.byHand(lockId).erase(lockCodeId);
  }

  /** What the lock holds now, without asking it by way of its maker. */
  codesOn(lockId: string): ListedCode[] {
    return this.lock(lockId).codes.list();
  }

  /** Whether the PIN, typed at the lock now, opens the door. */
  opens(lockId: string, pin: string): boolean {
    return this.lock(lockId).codes.open(pin, this.clock.now());
  }

  locks({ accountId, maker }: AccountRef): Promise<Answer<LockDescription[]>> {
    if (this.outage) return Promise.resolve(this.outage);
    const own = [...this.all.values()].filter(
      ({ ref }) => ref.accountId === accountId && ref.maker === maker,
    );
    const value = own.map(({ description, online, version }) => ({
      ...description,
      online,
      updatedAt: String(version),
    }));
    return Promise.resolve({ kind: 'answered', value });
  }

  program({ lockId }: LockRef, code: LockCode): Promise<WriteAnswer> {
    this.calls.push({ call: 'program', lockId, code });
    return this.write(lockId, ({ codes, description: { capabilities } }) => {
      const { maxActiveCodes } = capabilities;
      if (maxActiveCodes !== null && codes.promised >= maxActiveCodes) return refused('LOCK_FULL');
      return this.objection(lockId, code) ?? { kind: 'accepted', lockCodeId: codes.create(code) };
    });
  }

  change({ lockId }: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    this.calls.push({ call: 'change', lockId, lockCodeId, code });
    return this.write(lockId, ({ codes }) => {
      if (!codes.has(lockCodeId)) return refused('NOT_FOUND');
      const objection = this.objection(lockId, code, lockCodeId);
      if (!objection) codes.ask(lockCodeId, code);
      return objection ?? { kind: 'accepted', lockCodeId };
    });
  }

  remove({ lockId }: LockRef, lockCodeId: string): Promise<WriteAnswer> {
    this.calls.push({ call: 'remove', lockId, lockCodeId });
    return this.write(lockId, ({ codes }) => {
      if (!codes.has(lockCodeId)) return refused('NOT_FOUND');
      codes.ask(lockCodeId, null);
      return { kind: 'accepted', lockCodeId };
    });
  }

  list({ lockId }: LockRef): Promise<Answer<ListedCode[]>> {
    this.calls.push({ call: 'list', lockId });
    if (this.outage) return Promise.resolve(this.outage);
    const lock = this.all.get(lockId);
    return Promise.resolve(lock ? { kind: 'answered', value: lock.codes.list() } : refused('NOT_FOUND'));
  }

  operate({ lockId }: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    this.calls.push({ call: 'operate', lockId });
    return this.write(lockId, () => {
      const outcome = { success: true, errorCode: null, performedVia: 'remote_api', action };
      this.operations.push({ kind: 'action-completed', lockId, actionId, ...outcome });
      return { kind: 'accepted', lockCodeId: actionId };
    });
  }

  private write(lockId: string, work: (lock: Lock) => WriteAnswer): Promise<WriteAnswer> {
    if (this.outage) return Promise.resolve(this.outage);
    const instead = this.instead.shift();
    if (instead !== undefined && instead !== 'lost') return Promise.resolve(instead);
    const lock = this.all.get(lockId);
    const answer = !lock ? refused('NOT_FOUND') : lock.online ? work(lock) : refused('DEVICE_OFFLINE');
    return Promise.resolve(instead === 'lost' ? { kind: 'unknown', message: 'no answer' } : answer);
  }

  private objection(lockId: string, code: LockCode, self?: string): WriteAnswer | null {
    const { codes, description } = this.lock(lockId);
    const { capabilities } = description;
    if (code.window && !capabilities.nativeScheduling) return refused('SCHEDULE_NOT_SUPPORTED');
    if (codes.holds(code.pin, self)) return refused('PIN_CONFLICT');
    const startsAt = code.window?.startsAt ?? null;
    const proposal = { ...code, startsAt, now: this.clock.now(), otherNames: codes.names(self) };
    const [broken] = violations(capabilities, proposal);
    if (!broken) return null;
    return refused(broken.constraintType === 'name_must_be_unique' ? 'NAME_CONFLICT' : 'INVALID_PIN');
  }

  private byHand(lockId: string): CodesInMemory {
    const lock = this.lock(lockId);
    lock.version++;
    return lock.codes;
  }

  private lock(lockId: string): Lock {
    const lock = this.all.get(lockId);
    if (!lock) throw new Error(`there is no lock ${lockId}`);
    return lock;
  }
}

function refused(errorCode: string): Refusal {
  return { kind: 'refused', errorCode, message: `the lock said ${errorCode}` };
}

function reportOf(
  lockId: string,
  { operation, lockCodeId }: Performed,
  errorCode: string | null,
): LockReport {
  return { kind: 'code-outcome', operation, lockId, lockCodeId, success: errorCode === null, errorCode };
}
