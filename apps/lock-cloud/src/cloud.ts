import { randomUUID } from 'node:crypto';
import { Accounts } from './accounts';
import { Admission } from './admission';
import { SimulatedClock, iso } from './clock';
import { Codes, contentOf } from './codes';
import { CloudDatabase, isStorageFault } from './database';
import { Deliveries } from './deliveries';
import { Refusal, notFound, refusedByFault } from './errors';
import { type NewLock, Locks } from './locks';
import { type Code, type CodeContent, type EventType, type Faults, type Lock, outOfReach } from './model';
import { Operations } from './operations';
import { brokenPinRule } from './pin-rules';
import { Player } from './player';
import { Webhooks } from './webhooks';

export interface CloudOptions {
  dataDir: string;
  seed: number;
  clock: { now: number; running: boolean };
  resetClock?: boolean;
}

/** What became of a PIN on a keypad. */
export interface KeypadAnswer {
  opens: boolean;
  access_code_id: string | null;
  /** The id of the maker's report of it; null: it is not reported. */
  event_id: string | null;
}

/** Drift beyond which the maker reports a lock's clock as wrong. */
const TIME_WRONG_MS = 60_000;

/** Whether the maker can see that the lock's clock is wrong: an offline lock tells nobody. */
const seenWithWrongTime = (faults: Faults) =>
  !outOfReach(faults) && Math.abs(faults.clock_drift_ms) > TIME_WRONG_MS;

const LOW_BATTERY = 20;

const hasLowBattery = (faults: Faults) => !outOfReach(faults) && faults.battery_level < LOW_BATTERY;

/** The simulated cloud and its locks, put together; everything in it is kept in the database. */
export class Cloud {
  readonly db: CloudDatabase;
  readonly clock: SimulatedClock;
  readonly accounts: Accounts;
  readonly locks: Locks;
  readonly codes: Codes;
  readonly webhooks: Webhooks;
  readonly operations: Operations;
  readonly player: Player;
  private readonly admission: Admission;
  private readonly deliveries: Deliveries;

  constructor(options: CloudOptions) {
    this.db = new CloudDatabase(options.dataDir);
    this.clock = new SimulatedClock(this.db, options.clock, options.resetClock);
    this.accounts = new Accounts(this.db, this.clock);
    this.locks = new Locks(this.db, options.seed);
    this.codes = new Codes(this.db);
    this.webhooks = new Webhooks(this.db, this.locks);
    this.admission = new Admission(this.codes);
    this.operations = new Operations(
      this.db,
      this.clock,
      this.locks,
      this.codes,
      this.admission,
      this.webhooks,
    );
    this.deliveries = new Deliveries(this.db, this.clock, this.webhooks);
    this.player = new Player(this.clock, this.operations, this.deliveries);
    this.player.wake();
  }

  async close(): Promise<void> {
    this.player.close();
    await this.deliveries.close();
    this.saveClock();
    this.db.close();
  }

  /** What was due by now is performed, so that who looks at a lock sees it as it is at this instant. */
  settle(): void {
    this.operations.performDue(this.clock.now());
    this.player.wake();
  }

  /** Does a change at once and as a whole, with what is due by then, and sets what follows from it in motion. */
  change<T>(work: () => T): T {
    const result = this.db.transact(() => {
      const done = work();
      this.clock.countActivity();
      this.operations.performDue(this.clock.now());
      return done;
    });
    this.player.wake();
    return result;
  }

  /**
   * A write over the maker's API to a lock. Accepted or refused as the lock and its faults have it;
   * `answered` is false if the answer is to be lost on its way.
   */
  write<T>(
    lockId: string,
    kind: 'code' | 'action',
    work: (lock: Lock) => T,
  ): { result: T; answered: boolean } {
    this.operations.performDue(this.clock.now());
    const isFlaky = kind === 'code' && this.lock(lockId).faults.flaky_one_in > 0;
    const whim = isFlaky ? this.db.transact(() => this.whimOf(this.lock(lockId))) : 'none';
    if (whim === 'busy') throw new Refusal(409, 'DEVICE_BUSY', 'The lock is busy; try again later.');
    return this.change(() => {
      const lock = this.lock(lockId);
      if (lock.faults.refuse !== null) throw refusedByFault(lock.faults.refuse);
      if (outOfReach(lock.faults)) throw new Refusal(409, 'DEVICE_OFFLINE', 'The lock is offline.');
      const result = work(lock);
      const { lose_answers } = lock.faults;
      if (kind === 'code' && lose_answers > 0) {
        this.locks.setFaults(lock, { lose_answers: lose_answers - 1 }, lock.updated_at);
        return { result, answered: false };
      }
      return { result, answered: whim !== 'lost' };
    });
  }

  lock(lockId: string): Lock {
    const lock = this.locks.get(lockId);
    if (!lock) throw notFound('lock');
    return lock;
  }

  addLock(lock: NewLock): Lock {
    return this.change(() => {
      const added = this.locks.add(lock, this.clock.now());
      this.publish(added, 'device.added');
      return added;
    });
  }

  removeLock(lockId: string): void {
    this.change(() => {
      const lock = this.lock(lockId);
      this.publish(lock, 'device.removed');
      this.operations.forget(lockId);
      this.codes.deleteAllOn(lockId);
      this.locks.delete(lockId);
    });
  }

  setFaults(lockId: string, change: Partial<Faults>): Faults {
    this.operations.performDue(this.clock.now());
    return this.change(() => {
      const before = this.lock(lockId);
      const after = this.locks.setFaults(before, change, this.clock.now());
      const hub = after.faults.bridge_offline;
      if (hub && !before.faults.bridge_offline) this.publish(after, 'bridge.offline');
      else if (outOfReach(after.faults) !== outOfReach(before.faults))
        this.publish(after, outOfReach(after.faults) ? 'device.offline' : 'device.online');
      if (seenWithWrongTime(after.faults) && !seenWithWrongTime(before.faults)) {
        this.publish(after, 'device.time_wrong');
      }
      if (hasLowBattery(after.faults) && !hasLowBattery(before.faults)) {
        this.publish(after, 'device.low_battery');
      }
      return after.faults;
    });
  }

  /** Somebody types a PIN on the lock's keypad: what the lock's own electronics answer, with its own clock. */
  enterPin(lockId: string, pin: string): KeypadAnswer {
    this.operations.performDue(this.clock.now());
    const lock = this.lock(lockId);
    const lockTime = this.clock.now() + lock.faults.clock_drift_ms;
    const opens = (code: Code) =>
      code.code === pin &&
      code.status === 'active' &&
      (lock.faults.ignore_schedule ||
        ((code.starts_at === null || lockTime >= code.starts_at) &&
          (code.ends_at === null || lockTime < code.ends_at)));
    const code = this.codes.withPin(lockId, pin).find(opens);
    if (code) this.locks.turn(lock, 'unlocked');
    if (code?.one_time) {
      this.byHand(lockId, () => this.codes.delete(code.access_code_id));
    }
    const event_id = outOfReach(lock.faults) ? null : randomUUID();
    if (event_id !== null) {
      this.change(() => {
        if (code) this.publish(lock, 'access_code.used', { access_code_id: code.access_code_id, event_id });
        else this.publish(lock, 'access_code.incorrect_attempt', { event_id });
      });
    }
    return { opens: code !== undefined, access_code_id: code?.access_code_id ?? null, event_id };
  }

  /** Somebody turns the lock by hand, at the door. @returns the id of the maker's report; null: it is not reported */
  turnByHand(lockId: string, action: 'lock' | 'unlock'): { event_id: string | null } {
    this.operations.performDue(this.clock.now());
    const lock = this.lock(lockId);
    this.locks.turn(lock, action === 'lock' ? 'locked' : 'unlocked');
    if (outOfReach(lock.faults)) return { event_id: null };
    const event_id = randomUUID();
    const how = { action_id: randomUUID(), action, status: 'success', performed_via: 'manual_turn' };
    this.change(() => this.publish(lock, 'lock.action_completed', { ...how, event_id }));
    return { event_id };
  }

  /** Takes all locks out of an account, and what is on them with them. */
  emptyAccount(accountId: string): void {
    for (const lock of [...this.locks.of(accountId)]) this.removeLock(lock.lock_id);
  }

  /** Somebody makes a code by hand at the lock: at once, and the maker's cloud does not report it. */
  addByHand(lockId: string, content: CodeContent): Code {
    return this.byHand(lockId, (lock) => {
      this.admission.admitNew(lock, content, 'on the lock', this.clock.now());
      return this.codes.add(randomUUID(), lockId, content, 'active');
    });
  }

  changeByHand(lockId: string, accessCodeId: string, change: Partial<CodeContent>): Code {
    return this.byHand(lockId, (lock) => {
      const code = this.codeOnLock(lockId, accessCodeId);
      const after = { ...contentOf(code), ...change };
      this.admission.admitChange(lock, code, contentOf(code), after, 'on the lock', this.clock.now());
      this.codes.setActive(accessCodeId, after);
      this.operations.planAgain({ ...code, ...after });
      return { ...code, ...after };
    });
  }

  removeByHand(lockId: string, accessCodeId: string): void {
    this.byHand(lockId, () => this.codes.delete(this.codeOnLock(lockId, accessCodeId).access_code_id));
  }

  /** A PIN of the lock's own choice, for locks that don't let themselves be told one. */
  drawPin(lock: Lock): string {
    const length = Math.max(...lock.abilities.supported_code_lengths);
    for (let attempt = 0; attempt < 1000; attempt += 1) {
      const code = Array.from({ length }, () => Math.floor(this.locks.draw(lock) * 10)).join('');
      const free = this.codes.withPin(lock.lock_id, code).length === 0;
      if (free && brokenPinRule(lock.abilities, code) === null) return code;
    }
    throw new Refusal(409, 'LOCK_FULL', 'The lock finds no PIN that is free.');
  }

  /** Where it was put by what was asked last. */
  private saveClock(): void {
    try {
      this.clock.save();
    } catch (error) {
      if (!isStorageFault(error)) throw error;
    }
  }

  private byHand<T>(lockId: string, work: (lock: Lock) => T): T {
    this.operations.performDue(this.clock.now());
    return this.change(() => {
      const lock = this.lock(lockId);
      const done = work(lock);
      this.locks.changedByHand(lock, this.clock.now());
      return done;
    });
  }

  private codeOnLock(lockId: string, accessCodeId: string): Code {
    const code = this.codes.get(accessCodeId);
    if (code?.lock_id !== lockId || code.status !== 'active') throw notFound('code on this lock');
    return code;
  }

  private publish(lock: Lock, event_type: EventType, fields: Record<string, string> = {}): void {
    const now = this.clock.now();
    this.webhooks.publish(lock, { event_type, device_id: lock.lock_id, ...fields, timestamp: iso(now) }, now);
  }

  private whimOf(lock: Lock): 'none' | 'busy' | 'lost' {
    const oneIn = lock.faults.flaky_one_in;
    if (oneIn === 0) return 'none';
    const drawn = this.locks.draw(lock) * oneIn;
    if (drawn >= 1) return 'none';
    return drawn < 0.5 ? 'busy' : 'lost';
  }
}
