import { changeAfterClearing, type SlotRange } from '../local';
import type { Answer, ListedCode, LockCode, Refusal, WriteAnswer } from '../lock-gateway';
import { type Placed, LockTable } from './lock-table';
import { type NodeCommands, type Outcome, refused } from './node-commands';
import { windowOf, type YearDay, yearDayOf } from './year-day';

/** What a lock was found to be able to. */
export interface Abilities {
  /** All places that the lock has. */
  readonly slots: SlotRange;
  readonly lengths: readonly number[];
  /** It keeps time frames by itself. */
  readonly schedules: boolean;
  /** Its PINs belong to users: it speaks the User Credential command class. */
  readonly users: boolean;
}

/** What a lock needs beside itself for a command. */
export interface Reach {
  readonly commands: NodeCommands;
  readonly abilities: Abilities;
  /** Those of its places that are ours. */
  readonly ours: SlotRange;
  /** IANA name: what the lock's clock shows. */
  readonly zone: string;
}

const OFFLINE = refused('DEVICE_OFFLINE', 'The lock does not answer.');
const NOT_FOUND = refused('NOT_FOUND', 'There is no such code on the lock.');

/**
 * The codes on one lock: one command at a time, and what counts is what is read back. A command that nobody answered
 * leaves its place in doubt, so that the next reading asks the lock itself.
 */
export class ZwaveLock {
  readonly table: LockTable;
  /** It took a time frame and does not hold it. */
  ignoresSchedules = false;
  private line: Promise<unknown> = Promise.resolve();
  /** Commands of ours under way: what the lock tells meanwhile is about them. */
  private busy = 0;

  constructor(clock: { now(): number }) {
    this.table = new LockTable(clock);
  }

  get isBusy(): boolean {
    return this.busy > 0;
  }

  program(reach: Reach, code: LockCode): Promise<WriteAnswer> {
    const wrong = this.wrongWith(reach, code);
    if (wrong) return Promise.resolve(wrong);
    return this.inLine(async () => {
      const slot = code.slot ?? (await this.firstFree(reach));
      if (typeof slot === 'object') return slot;
      const there = await this.placed(reach, slot);
      if (there.kind !== 'ok') return beforeTheWrite(there);
      if (there.value && there.value.pin !== code.pin)
        return refused('SLOT_OCCUPIED', 'Another code lies in that place.');
      const same = this.table.placeOf(code.pin);
      if (same !== null && same !== slot) return refused('PIN_CONFLICT', 'The lock holds that PIN already.');
      return this.write(reach, slot, code, there.value);
    });
  }

  change(reach: Reach, lockCodeId: string, code: LockCode): Promise<WriteAnswer> {
    const wrong = this.wrongWith(reach, code);
    if (wrong) return Promise.resolve(wrong);
    const slot = slotOf(lockCodeId, reach.abilities.slots);
    if (slot === null) return Promise.resolve(NOT_FOUND);
    return this.inLine(async () => {
      const there = await this.placed(reach, slot);
      if (there.kind !== 'ok') return beforeTheWrite(there);
      if (!there.value) return NOT_FOUND;
      const same = this.table.placeOf(code.pin);
      if (same !== null && same !== slot) return refused('PIN_CONFLICT', 'The lock holds that PIN already.');
      // Where digits are not told, only an empty place shows that what comes after is new.
      if (there.value.pin === null) {
        const cleared = await this.clear(reach, slot);
        if (cleared.kind !== 'ok') return answerOf(cleared, lockCodeId);
        return changeAfterClearing(await this.write(reach, slot, code, null));
      }
      const written = await this.write(reach, slot, code, there.value);
      if (written.kind !== 'refused') return written;
      const left = await this.placed(reach, slot);
      return left.kind === 'ok' && isSame(left.value, there.value) ? written : changeAfterClearing(written);
    });
  }

  remove(reach: Reach, lockCodeId: string): Promise<WriteAnswer> {
    const slot = slotOf(lockCodeId, reach.abilities.slots);
    if (slot === null) return Promise.resolve(NOT_FOUND);
    return this.inLine(async () => {
      const there = await this.placed(reach, slot);
      if (there.kind !== 'ok') return beforeTheWrite(there);
      if (!there.value) return NOT_FOUND;
      const cleared = await this.clear(reach, slot);
      if (cleared.kind === 'ok' && this.schedulesWith(reach)) await reach.commands.setSchedule(slot, null);
      return answerOf(cleared, lockCodeId);
    });
  }

  /** Reads back every place, those again that are in doubt; others' commands come in between. */
  async list(reach: Reach): Promise<Answer<ListedCode[]>> {
    const codes: ListedCode[] = [];
    const { first, last } = reach.abilities.slots;
    for (let slot = first; slot <= last; slot++) {
      const there = await this.inLine(() => this.placed(reach, slot));
      if (there.kind === 'unknown') return OFFLINE;
      if (there.kind === 'refused') return there;
      if (!there.value) continue;
      const { pin, window = null } = there.value;
      codes.push({ lockCodeId: String(slot), name: null, pin, window, status: 'active' });
    }
    return { kind: 'answered', value: codes };
  }

  /** One thing at a time with this lock. */
  inLine<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1;
    const done = this.line.then(work).finally(() => (this.busy -= 1));
    this.line = done.catch(() => undefined);
    return done;
  }

  schedulesWith({ abilities }: Pick<Reach, 'abilities'>): boolean {
    return abilities.schedules && !this.ignoresSchedules;
  }

  /** What can be said of a code without asking the lock. */
  private wrongWith(reach: Reach, { pin, window }: LockCode): Refusal | null {
    const { lengths } = reach.abilities;
    if (!/^\d+$/.test(pin) || !lengths.includes(pin.length))
      return refused('INVALID_PIN', `The lock takes PINs of ${lengths.join(', ')} digits.`);
    if (window && (!this.schedulesWith(reach) || !yearDayOf(window, reach.zone)))
      return refused('SCHEDULE_NOT_SUPPORTED', 'The lock can not keep that time frame.');
    return null;
  }

  private async firstFree(reach: Reach): Promise<number | Refusal> {
    for (let slot = reach.ours.first; slot <= reach.ours.last; slot++) {
      const there = await this.placed(reach, slot);
      if (there.kind !== 'ok') return beforeTheWrite(there);
      if (!there.value) return slot;
    }
    return refused('LOCK_FULL', 'All places on the lock that are ours are taken.');
  }

  /** What lies in a place: as it was last read, or read now. */
  private async placed(reach: Reach, slot: number): Promise<Outcome<Placed | null>> {
    const known = this.table.at(slot);
    if (known !== undefined) return { kind: 'ok', value: known };
    return this.readPlace(reach, slot);
  }

  private async readPlace(reach: Reach, slot: number): Promise<Outcome<Placed | null>> {
    const { commands, zone } = reach;
    const read = await this.readCode(reach, slot);
    if (read.kind !== 'ok') return read;
    if (!read.value || !reach.abilities.schedules) {
      this.table.read(slot, read.value);
      return read;
    }
    const schedule = await commands.schedule(slot);
    if (schedule.kind !== 'ok') return schedule;
    const placed = { ...read.value, window: schedule.value && windowOf(schedule.value, zone) };
    this.table.read(slot, placed);
    return { kind: 'ok', value: placed };
  }

  /** A place whose user is somebody else's is taken, whatever that user opens the door with. */
  private async readCode({ commands, abilities }: Reach, slot: number): Promise<Outcome<Placed | null>> {
    const read = await commands.read(slot);
    if (read.kind !== 'ok' || read.value || !abilities.users) return read;
    const user = await commands.userAt(slot);
    if (user.kind !== 'ok') return user;
    return { kind: 'ok', value: user.value === 'others' ? { pin: null } : null };
  }

  private async setPin({ commands, abilities }: Reach, slot: number, pin: string): Promise<Outcome> {
    const user = abilities.users ? await commands.userAt(slot) : null;
    if (!user) return commands.set(slot, pin);
    if (user.kind !== 'ok') return user;
    if (user.value !== null) {
      const set = await commands.set(slot, pin);
      if (set.kind !== 'refused' || set.errorCode !== 'NOT_TAKEN') return set;
      // The lock was emptied, and the driver has not heard of it.
      await commands.clearUser(slot);
    }
    const made = await commands.makeUser(slot);
    return made.kind === 'ok' ? commands.set(slot, pin) : made;
  }

  /** Puts a code into a place, its time frame first: so it never opens outside of it. */
  private async write(
    reach: Reach,
    slot: number,
    code: LockCode,
    there: Placed | null,
  ): Promise<WriteAnswer> {
    const { zone, abilities } = reach;
    const lockCodeId = String(slot);
    const told = code.window && yearDayOf(code.window, zone);
    this.table.doubt(slot);
    if (abilities.schedules) {
      const scheduled = await this.tell(reach, slot, told, there);
      if (scheduled.kind !== 'ok') return answerOf(scheduled, lockCodeId);
    }
    if (there?.pin !== code.pin) {
      const set = await this.setPin(reach, slot, code.pin);
      if (set.kind !== 'ok') return answerOf(set, lockCodeId);
    }
    const after = await this.readPlace(reach, slot);
    if (after.kind !== 'ok') return { kind: 'unknown', message: 'The lock could not be read back.' };
    if (!after.value || (after.value.pin !== null && after.value.pin !== code.pin))
      return refused('NOT_TAKEN', 'The lock does not hold the code that it was given.');
    if (code.window && after.value.window?.endsAt !== code.window.endsAt) {
      this.ignoresSchedules = true;
      await this.clear(reach, slot);
      return refused('SCHEDULE_IGNORED', 'The lock does not hold the time frame that it was given.');
    }
    return { kind: 'accepted', lockCodeId };
  }

  /** A time frame that is left from another code would lock this one out. */
  private async tell(
    { commands }: Reach,
    slot: number,
    told: YearDay | null,
    there: Placed | null,
  ): Promise<Outcome> {
    if (told) return commands.setSchedule(slot, told);
    if (there && there.window === null) return { kind: 'ok', value: undefined };
    const left = await commands.schedule(slot);
    if (left.kind !== 'ok') return left;
    return left.value ? commands.setSchedule(slot, null) : { kind: 'ok', value: undefined };
  }

  private async clear({ commands, abilities }: Reach, slot: number): Promise<Outcome> {
    this.table.doubt(slot);
    const user = abilities.users ? await commands.userAt(slot) : null;
    const isOurs = user?.kind === 'ok' && user.value === 'ours';
    const cleared = isOurs ? await commands.clearUser(slot) : await commands.clear(slot);
    if (cleared.kind !== 'ok') return cleared;
    const after = await commands.read(slot);
    if (after.kind !== 'ok') return { kind: 'unknown' };
    if (after.value) return refused('NOT_TAKEN', 'The lock still holds the code.');
    this.table.read(slot, null);
    return cleared;
  }
}

const isSame = (left: Placed | null, before: Placed): boolean =>
  left?.pin === before.pin &&
  left.window?.startsAt === before.window?.startsAt &&
  left.window?.endsAt === before.window?.endsAt;

function slotOf(lockCodeId: string, { first, last }: SlotRange): number | null {
  const slot = /^\d{1,5}$/.test(lockCodeId) ? Number(lockCodeId) : NaN;
  return slot >= first && slot <= last ? slot : null;
}

/** Nothing was written: a lock that does not answer has certainly not done it. */
const beforeTheWrite = (outcome: Exclude<Outcome, { kind: 'ok' }>): Refusal =>
  outcome.kind === 'unknown' ? OFFLINE : outcome;

function answerOf(outcome: Outcome, lockCodeId: string): WriteAnswer {
  switch (outcome.kind) {
    case 'ok':
      return { kind: 'accepted', lockCodeId };
    case 'refused':
      return outcome;
    case 'unknown':
      return { kind: 'unknown', message: 'The lock did not answer.' };
  }
}
