import { randomUUID } from 'node:crypto';
import type { CloudDatabase } from './database';
import { type Abilities, type Faults, type Lock, noFaults } from './model';
import { ByKey, InOrder } from './rows';
import { Table } from './table';

export interface NewLock {
  account_id: string;
  name: string;
  abilities?: Partial<Abilities> | undefined;
  faults?: Partial<Faults> | undefined;
}

const usualAbilities: Abilities = {
  native_scheduling: true,
  supported_code_lengths: [4, 5, 6, 7, 8],
  code_constraints: [],
  max_active_codes: 250,
  can_remotely_lock: true,
  can_remotely_unlock: true,
  timezone: 'UTC',
  device_model: 'Simulated Lock 1',
};

const isHere = () => 'here';

/** The simulated locks: what they can do, and what is wrong with them. */
export class Locks {
  private readonly byId = new ByKey<Lock>((lock) => lock.lock_id);
  private readonly everyOne = new InOrder<Lock>(isHere);
  private readonly ofAccount = new InOrder<Lock>((lock) => lock.account_id);
  private readonly table: Table<Lock>;

  constructor(
    db: CloudDatabase,
    private readonly seed: number,
  ) {
    this.table = new Table(db, {
      name: 'locks',
      indexes: [this.byId, this.everyOne, this.ofAccount],
      columns: {
        lock_id: (lock) => lock.lock_id,
        account_id: (lock) => lock.account_id,
        name: (lock) => lock.name,
        abilities: (lock) => JSON.stringify(lock.abilities),
        faults: (lock) => JSON.stringify(lock.faults),
        lock_state: (lock) => lock.lock_state,
        random_state: (lock) => lock.random_state,
        updated_at: (lock) => lock.updated_at,
      },
      read: (stored) => ({
        ...(stored as unknown as Lock),
        abilities: JSON.parse(String(stored.abilities)) as Abilities,
        faults: { ...noFaults, ...(JSON.parse(String(stored.faults)) as Partial<Faults>) },
      }),
    });
  }

  get(lockId: string): Lock | undefined {
    return this.byId.get(lockId);
  }

  /** Whoever changes them meanwhile takes a copy. */
  all(): readonly Lock[] {
    return this.everyOne.of(isHere());
  }

  /** Whoever changes them meanwhile takes a copy. */
  of(accountId: string): readonly Lock[] {
    return this.ofAccount.of(accountId);
  }

  add(lock: NewLock, now: number): Lock {
    const seq = this.table.nextSeq();
    const added: Lock = {
      seq,
      lock_id: randomUUID(),
      account_id: lock.account_id,
      name: lock.name,
      abilities: { ...usualAbilities, ...lock.abilities },
      faults: { ...noFaults, ...lock.faults },
      lock_state: 'locked',
      // Each lock has a run of random numbers of its own, so that one lock's traffic doesn't change another's luck.
      random_state: (this.seed + seq * 0x9e3779b1) | 0,
      updated_at: now,
    };
    this.table.put(added);
    return added;
  }

  delete(lockId: string): void {
    const lock = this.get(lockId);
    if (lock) this.table.delete(lock);
  }

  /** Something changed at the lock itself: `updated_at` moves, even while the clock stands still. */
  changedByHand(lock: Lock, now: number): void {
    this.change(lock, { updated_at: Math.max(now, lock.updated_at + 1) });
  }

  setFaults(lock: Lock, change: Partial<Faults>, now: number): Lock {
    const faults = { ...lock.faults, ...change };
    this.change(lock, { faults, updated_at: now });
    return { ...lock, faults, updated_at: now };
  }

  setState(lock: Lock, state: Lock['lock_state'], now: number): void {
    this.change(lock, { lock_state: state, updated_at: now });
  }

  /** Somebody turned it at the door: nothing about the lock itself has changed. */
  turn(lock: Lock, state: Lock['lock_state']): void {
    this.change(lock, { lock_state: state });
  }

  /** The lock's next random number in [0, 1): mulberry32, its state kept with the lock. */
  draw(lock: Lock): number {
    const before = this.get(lock.lock_id)?.random_state ?? lock.random_state;
    const state = (before + 0x6d2b79f5) | 0;
    this.change(lock, { random_state: state });
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Of the lock as it is now, whatever has happened since it was looked up. */
  private change({ lock_id }: Lock, change: Partial<Lock>): void {
    const lock = this.get(lock_id);
    if (lock) this.table.put({ ...lock, ...change });
  }
}
