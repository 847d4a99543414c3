import type { Answer, LockReport, Refusal, WriteAnswer } from '../lock-gateway';
import { lockCodeIdOf, slotOf } from './lock-code-id';
import type { WriteOutcome } from './lock-line';
import type { Site } from './site';
import type { SiteLock, SlotKnown } from './site-lock';
import { countSlots } from './slot-count';

/** A code as it lies on a lock. */
export interface SlotCode {
  readonly lockCodeId: string;
  readonly slot: number;
  /** Null: the lock has a code there and does not show its digits. */
  readonly pin: string | null;
}

/** Slots, both ends included. */
interface Range {
  readonly first: number;
  readonly last: number;
}

/** For how long it is believed what a slot held: ours are read more often, since we write to them. */
const OURS_FOR_MS = 60_000;
const OTHERS_FOR_MS = 24 * 60 * 60_000;

/** For how long after an unlocking of ours the lock's own word of it is taken for that. */
const OWN_EVENT_MS = 15_000;

/** For how long a look at the locks waits for their numbers of slots. */
const COUNTED_WITHIN_MS = 8_000;

const NOT_FOUND: Refusal = { kind: 'refused', errorCode: 'NOT_FOUND', message: 'There is no such lock.' };

/** What is done with the codes and the bolts of one site's locks. */
export class SiteCodes {
  private readonly counting = new Map<SiteLock, Promise<number | Refusal>>();

  constructor(
    private readonly site: Site,
    private readonly options: {
      readonly oursOf: (lock: SiteLock) => Range | null;
      readonly clock: { now(): number };
      readonly onReport: (report: LockReport) => void;
      /** Hears once how many slots a lock has. */
      readonly onCounted: (lock: SiteLock) => void;
    },
  ) {}

  program(lockId: string, slot: number, pin: string): Promise<WriteAnswer> {
    return this.write(lockId, slot, 'created', ({ line }) => line.put(slot, pin));
  }

  /** Puts a code into the first of our slots that is free. */
  async programFree(lockId: string, pin: string): Promise<WriteAnswer> {
    const lock = await this.lockOf(lockId);
    if (!('line' in lock)) return lock;
    const has = await this.countOf(lock);
    if (typeof has !== 'number') return has;
    const ours = this.options.oursOf(lock);
    for (let slot = ours?.first ?? 0; slot <= (ours?.last ?? -1); slot++) {
      const known = lock.slots.get(slot);
      if (known && known.status !== 'available' && this.isKnown(lock, slot)) continue;
      const answer = await this.program(lockId, slot, pin);
      if (answer.kind !== 'refused' || answer.errorCode !== 'SLOT_OCCUPIED') return answer;
    }
    return refused('LOCK_FULL', 'All slots that are ours are taken.');
  }

  change(lockId: string, lockCodeId: string, pin: string): Promise<WriteAnswer> {
    const slot = slotOf(lockCodeId);
    if (slot === null) return Promise.resolve(NOT_FOUND);
    return this.write(lockId, slot, 'updated', ({ line }) => line.replace(slot, pin));
  }

  remove(lockId: string, lockCodeId: string): Promise<WriteAnswer> {
    const slot = slotOf(lockCodeId);
    if (slot === null) return Promise.resolve(NOT_FOUND);
    return this.write(lockId, slot, 'deleted', ({ line }) => line.clear(slot), lockCodeId);
  }

  /**
   * Reads back what is on a lock. Slots that are not ours are read once a day, and when somebody changes them at the
   * lock: a lock's battery pays for each reading.
   */
  async list(lockId: string): Promise<Answer<SlotCode[]>> {
    const lock = await this.lockOf(lockId);
    if (!('line' in lock)) return lock;
    const has = await this.countOf(lock);
    if (typeof has !== 'number') return has;
    for (let slot = 0; slot < has; slot++) {
      if (this.isKnown(lock, slot)) continue;
      const reading = await lock.line.read(slot);
      if (reading.kind === 'read' || reading.kind === 'no-such-slot') continue;
      return reading.kind === 'unsent' ? this.unsent() : this.silent(lock);
    }
    const value = [...lock.slots].flatMap(([slot, known]) => this.codeIn(lock, slot, known));
    return { kind: 'answered', value: value.sort((a, b) => a.slot - b.slot) };
  }

  /** Locks or unlocks; the outcome is reported. */
  async operate(lockId: string, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer> {
    const lock = await this.lockOf(lockId);
    if (!('line' in lock)) return lock;
    lock.operated = { action, until: Infinity };
    const done = lock.line.operate(action).then((outcome) => {
      lock.operated = { action, until: this.options.clock.now() + OWN_EVENT_MS };
      if (outcome === 'unknown') this.wentSilent(lock);
      this.options.onReport({
        ...{ kind: 'action-completed', lockId, actionId, action, performedVia: 'remote_api' },
        success: outcome === 'done',
        errorCode:
          outcome === 'done' ? null : outcome === 'not-taken' ? 'BOLT_DID_NOT_MOVE' : 'DEVICE_OFFLINE',
      });
    });
    void done;
    return { kind: 'accepted', lockCodeId: actionId };
  }

  /**
   * Finds out how many slots each lock has, so that it can be told which are ours. Waits a while; of a lock that takes
   * longer it is reported that there is more to know.
   */
  async countAll(): Promise<void> {
    const uncounted = [...this.site.locks.values()].filter((lock) => lock.slotCount === null);
    if (uncounted.length === 0 || this.site.hubOnline !== true) return;
    const { lockId } = uncounted[0]!;
    const all = Promise.all(uncounted.map((lock) => this.countOf(lock)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>(
      (resolve) => (timer = setTimeout(() => resolve('late'), COUNTED_WITHIN_MS)),
    );
    const first = await Promise.race([all, late]);
    clearTimeout(timer);
    if (first !== 'late') return;
    void all.then((counts) => {
      if (counts.some((count) => typeof count === 'number'))
        this.options.onReport({ kind: 'online', lockId });
    });
  }

  /** How many slots the lock has: from what is known, or asked of it. */
  private countOf(lock: SiteLock): Promise<number | Refusal> {
    if (lock.slotCount !== null) return Promise.resolve(lock.slotCount);
    let counting = this.counting.get(lock);
    if (!counting) {
      counting = this.count(lock).finally(() => this.counting.delete(lock));
      this.counting.set(lock, counting);
    }
    return counting;
  }

  private async count(lock: SiteLock): Promise<number | Refusal> {
    const count = await countSlots((slot) => lock.line.read(slot));
    if (count === null) return this.silent(lock);
    lock.slotCount = count;
    lock.changed();
    this.options.onCounted(lock);
    return count;
  }

  private async write(
    lockId: string,
    slot: number,
    operation: 'created' | 'updated' | 'deleted',
    work: (lock: SiteLock) => Promise<WriteOutcome>,
    as = lockCodeIdOf(slot),
  ): Promise<WriteAnswer> {
    const lock = await this.lockOf(lockId);
    if (!('line' in lock)) return lock;
    const outcome = await work(lock);
    if (outcome === 'done') {
      lock.byHand.delete(slot);
      lock.changed();
      const report = { kind: 'code-outcome', operation, lockId, lockCodeId: as } as const;
      // After the answer, which names the code.
      setImmediate(() => this.options.onReport({ ...report, success: true, errorCode: null }));
      return { kind: 'accepted', lockCodeId: as };
    }
    // What was read before it may not be so any more.
    if (outcome !== 'occupied') lock.slots.delete(slot);
    return this.refusalOf(outcome, lock);
  }

  private refusalOf(outcome: Exclude<WriteOutcome, 'done'>, lock: SiteLock): Refusal {
    switch (outcome) {
      case 'unsent':
        return this.unsent();
      case 'silent':
        return this.silent(lock);
      case 'unknown':
        this.wentSilent(lock);
        return { kind: 'unknown', message: 'The lock was sent it, and did not answer any more.' };
      case 'empty':
        return { kind: 'refused', errorCode: 'NOT_FOUND', message: 'The lock has no code there.' };
      case 'occupied':
        return refused('SLOT_OCCUPIED', 'Another code is in that slot of the lock.');
      case 'no-such-slot':
        return refused('NO_SUCH_SLOT', 'The lock has no such slot.');
      case 'unsupported':
        return refused('READ_BACK_NOT_SUPPORTED', 'The lock does not tell which slots are free.');
      case 'not-taken':
        return refused(
          'NOT_TAKEN',
          'The lock did not do it. It may have the same PIN in another slot, or take no PIN of that length.',
        );
    }
  }

  /** A lock that can be asked, or why it can't. */
  private async lockOf(lockId: string): Promise<SiteLock | Refusal> {
    const problem = await this.site.problem();
    if (problem) return problem;
    const lock = this.site.locks.get(lockId);
    if (!lock) return NOT_FOUND;
    return this.site.hubOnline === false ? refused('DEVICE_OFFLINE', 'Zigbee2MQTT is not running.') : lock;
  }

  private unsent(): Refusal {
    return { kind: 'unreachable', message: 'The connection to the broker was lost.' };
  }

  /** Nothing but a question was sent. */
  private silent(lock: SiteLock): Refusal {
    this.wentSilent(lock);
    return refused('DEVICE_OFFLINE', 'The lock does not answer.');
  }

  private wentSilent(lock: SiteLock): void {
    // A lock that Zigbee2MQTT watches over is away when that says so.
    if (lock.available !== null || lock.silent || !this.site.locks.has(lock.lockId)) return;
    lock.silent = true;
    this.options.onReport({ kind: 'offline', lockId: lock.lockId });
  }

  private isKnown(lock: SiteLock, slot: number): boolean {
    const known = lock.slots.get(slot);
    if (!known) return false;
    const age = Math.abs(this.options.clock.now() - known.at);
    return age < (this.isOurs(lock, slot) ? OURS_FOR_MS : OTHERS_FOR_MS);
  }

  private isOurs(lock: SiteLock, slot: number): boolean {
    const ours = this.options.oursOf(lock);
    return ours !== null && ours.first <= slot && slot <= ours.last;
  }

  private codeIn(lock: SiteLock, slot: number, { status, pin }: SlotKnown): SlotCode[] {
    // One that is disabled opens nothing.
    if (status !== 'enabled') return [];
    const isOverOurs = lock.byHand.has(slot) && this.isOurs(lock, slot);
    return [{ lockCodeId: lockCodeIdOf(slot, isOverOurs), slot, pin }];
  }
}

function refused(errorCode: string, message: string): Refusal {
  return { kind: 'refused', errorCode, message };
}
