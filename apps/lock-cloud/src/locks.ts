import { randomUUID } from 'node:crypto';
import type { CloudDatabase } from './database';
import { type Abilities, type Faults, type Lock, noFaults } from './model';

interface LockRow extends Omit<Lock, 'abilities' | 'faults'> {
  abilities: string;
  faults: string;
}

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

const fromRow = (row: LockRow): Lock => ({
  ...row,
  abilities: JSON.parse(row.abilities) as Abilities,
  faults: { ...noFaults, ...(JSON.parse(row.faults) as Partial<Faults>) },
});

/** The simulated locks: what they can do, and what is wrong with them. */
export class Locks {
  private readonly byId;
  private readonly everyOne;
  private readonly ofAccount;
  private readonly insert;
  private readonly remove;
  private readonly storeFaults;
  private readonly storeState;
  private readonly storePosition;
  private readonly storeUpdated;
  private readonly storeRandom;

  constructor(
    db: CloudDatabase,
    private readonly seed: number,
  ) {
    this.byId = db.prepare<[string], LockRow>('SELECT * FROM locks WHERE lock_id = ?');
    this.everyOne = db.prepare<[], LockRow>('SELECT * FROM locks ORDER BY seq');
    this.ofAccount = db.prepare<[string], LockRow>('SELECT * FROM locks WHERE account_id = ? ORDER BY seq');
    this.insert = db.prepare<unknown[], { seq: number }>(
      `INSERT INTO locks (lock_id, account_id, name, abilities, faults, lock_state, random_state, updated_at)
       VALUES (?, ?, ?, ?, ?, 'locked', 0, ?) RETURNING seq`,
    );
    this.remove = db.prepare<[string]>('DELETE FROM locks WHERE lock_id = ?');
    this.storeFaults = db.prepare<[string, number, string]>(
      'UPDATE locks SET faults = ?, updated_at = ? WHERE lock_id = ?',
    );
    this.storeState = db.prepare<[string, number, string]>(
      'UPDATE locks SET lock_state = ?, updated_at = ? WHERE lock_id = ?',
    );
    this.storePosition = db.prepare<[string, string]>('UPDATE locks SET lock_state = ? WHERE lock_id = ?');
    this.storeUpdated = db.prepare<[number, string]>('UPDATE locks SET updated_at = ? WHERE lock_id = ?');
    this.storeRandom = db.prepare<[number, string]>('UPDATE locks SET random_state = ? WHERE lock_id = ?');
  }

  get(lockId: string): Lock | undefined {
    const row = this.byId.get(lockId);
    return row && fromRow(row);
  }

  all(): Lock[] {
    return this.everyOne.all().map(fromRow);
  }

  of(accountId: string): Lock[] {
    return this.ofAccount.all(accountId).map(fromRow);
  }

  add(lock: NewLock, now: number): Lock {
    const lockId = randomUUID();
    const abilities = { ...usualAbilities, ...lock.abilities };
    const faults = { ...noFaults, ...lock.faults };
    const inserted = this.insert.get(
      lockId,
      lock.account_id,
      lock.name,
      JSON.stringify(abilities),
      JSON.stringify(faults),
      now,
    );
    // Each lock has a run of random numbers of its own, so that one lock's traffic doesn't change another's luck.
    this.storeRandom.run((this.seed + (inserted?.seq ?? 0) * 0x9e3779b1) | 0, lockId);
    return this.get(lockId) as Lock;
  }

  delete(lockId: string): void {
    this.remove.run(lockId);
  }

  /** Something changed at the lock itself: `updated_at` moves, even while the clock stands still. */
  changedByHand(lock: Lock, now: number): void {
    this.storeUpdated.run(Math.max(now, lock.updated_at + 1), lock.lock_id);
  }

  setFaults(lock: Lock, change: Partial<Faults>, now: number): Lock {
    const faults = { ...lock.faults, ...change };
    this.storeFaults.run(JSON.stringify(faults), now, lock.lock_id);
    return { ...lock, faults, updated_at: now };
  }

  setState(lock: Lock, state: Lock['lock_state'], now: number): void {
    this.storeState.run(state, now, lock.lock_id);
  }

  /** Somebody turned it at the door: nothing about the lock itself has changed. */
  turn(lock: Lock, state: Lock['lock_state']): void {
    this.storePosition.run(state, lock.lock_id);
  }

  /** The lock's next random number in [0, 1): mulberry32, its state kept with the lock. */
  draw(lock: Lock): number {
    const state = (lock.random_state + 0x6d2b79f5) | 0;
    this.storeRandom.run(state, lock.lock_id);
    lock.random_state = state;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
