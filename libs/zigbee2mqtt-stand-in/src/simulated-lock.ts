/** What happens at a lock, as it tells its hub by radio. */
export type LockEvent =
  | { readonly kind: 'operation'; readonly code: number; readonly user: number; readonly source: number }
  | { readonly kind: 'programming'; readonly code: number; readonly user: number; readonly source: number }
  | { readonly kind: 'state' };

/** Numbers of the door lock cluster. */
export const SOURCE = { keypad: 0, rf: 1, manual: 2 } as const;
const OPERATION = { lock: 1, unlock: 2, unlockInvalidPin: 5, manualLock: 13, manualUnlock: 14 } as const;
const PROGRAMMING = { added: 2, deleted: 3, changed: 4 } as const;
const NOBODY = 0xffff;

interface User {
  readonly pin: string;
  readonly enabled: boolean;
}

export interface LockRules {
  /** How many users it has room for. */
  readonly users: number;
  readonly lengths: readonly number[];
}

/** What its owner, or a test, has a lock do wrong. Each says what it is until it is taken back. */
export interface LockFaults {
  /** Its batteries are out, or it is out of reach: nothing is heard or done. */
  dead: boolean;
  /** Falls dead right after the next write. */
  diesAfterWrite: boolean;
  /** Writes are refused. */
  refuses: boolean;
  /** Says of every code that reading it is not supported. */
  unreadable: boolean;
  /** The bolt does not move. */
  jammed: boolean;
  /** How long it takes for anything; ms. */
  latencyMs: number;
}

/**
 * A lock with a keypad, as its radio and somebody who stands before it see it. It keeps no schedule: a code opens as
 * long as it is on the lock.
 */
export class SimulatedLock {
  readonly faults: LockFaults = {
    dead: false,
    diesAfterWrite: false,
    refuses: false,
    unreadable: false,
    jammed: false,
    latencyMs: 1,
  };
  locked = true;
  /** Of 200. */
  battery = 180;
  private readonly users = new Map<number, User>();

  constructor(
    private readonly rules: LockRules,
    private readonly tell: (event: LockEvent) => void,
  ) {}

  /** By radio: puts a code into a slot. @returns whether the lock took it */
  set(slot: number, pin: string, enabled: boolean): boolean {
    const others = [...this.users].some(([other, user]) => other !== slot && user.pin === pin);
    const takes =
      !this.faults.refuses && !others && /^\d+$/.test(pin) && this.rules.lengths.includes(pin.length);
    if (takes) this.users.set(slot, { pin, enabled });
    this.wrote();
    return takes;
  }

  /** By radio: empties a slot. */
  clear(slot: number): boolean {
    if (!this.faults.refuses) this.users.delete(slot);
    this.wrote();
    return !this.faults.refuses;
  }

  /** By radio. `status` is the cluster's number. */
  get(slot: number): { readonly status: number; readonly pin: string } {
    const user = this.users.get(slot);
    if (this.faults.unreadable) return { status: 0xff, pin: '' };
    return user ? { status: user.enabled ? 1 : 3, pin: user.pin } : { status: 0, pin: '' };
  }

  /** By radio. */
  turn(locked: boolean): void {
    if (this.faults.jammed) return;
    this.locked = locked;
    this.operated(locked ? OPERATION.lock : OPERATION.unlock, NOBODY, SOURCE.rf);
  }

  /** Somebody types at the keypad. @returns whether the door opens */
  type(pin: string): boolean {
    const found = [...this.users].find(([, user]) => user.enabled && user.pin === pin);
    if (!found) {
      this.tellIfAlive({
        kind: 'operation',
        code: OPERATION.unlockInvalidPin,
        user: NOBODY,
        source: SOURCE.keypad,
      });
      return false;
    }
    this.locked = false;
    this.operated(OPERATION.unlock, found[0], SOURCE.keypad);
    return true;
  }

  /** Whether the PIN would open the door, without anybody's trying it. */
  opens(pin: string): boolean {
    return [...this.users.values()].some((user) => user.enabled && user.pin === pin);
  }

  /** Somebody turns the knob inside. */
  turnByHand(locked: boolean): void {
    this.locked = locked;
    this.operated(locked ? OPERATION.manualLock : OPERATION.manualUnlock, NOBODY, SOURCE.manual);
  }

  /** Somebody puts a code on the lock at its keypad, or takes one off. */
  programByHand(slot: number, pin: string | null): void {
    const had = this.users.has(slot);
    if (pin === null) this.users.delete(slot);
    else this.users.set(slot, { pin, enabled: true });
    const code = pin === null ? PROGRAMMING.deleted : had ? PROGRAMMING.changed : PROGRAMMING.added;
    this.tellIfAlive({ kind: 'programming', code, user: slot, source: SOURCE.keypad });
  }

  get slotsInUse(): number[] {
    return [...this.users.keys()].sort((a, b) => a - b);
  }

  private operated(code: number, user: number, source: number): void {
    this.tellIfAlive({ kind: 'operation', code, user, source });
    this.tellIfAlive({ kind: 'state' });
  }

  private tellIfAlive(event: LockEvent): void {
    if (!this.faults.dead) this.tell(event);
  }

  private wrote(): void {
    if (!this.faults.diesAfterWrite) return;
    this.faults.diesAfterWrite = false;
    this.faults.dead = true;
  }
}
