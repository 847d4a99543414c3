import { Mutex } from 'async-mutex';
import type { FailedRequest } from './bridge-log';
import type { LockMessage, UserStatus } from './bridge-messages';

/** What a lock is sent, by way of Zigbee2MQTT. */
export type Request = 'set' | 'get';

export interface LineTimings {
  /** How long an answer may take; longer than Zigbee2MQTT itself waits for a lock (10 s). */
  readonly replyMs: number;
  /** How long after a write the lock is read for the first time, and how long after each reading again. */
  readonly looksMs: readonly number[];
  /** For how long answers are listened to where the first may be an old one. */
  readonly quietMs: number;
}

export const LINE_TIMINGS: LineTimings = {
  quietMs: 500,
  replyMs: 11_500,
  looksMs: [100, 400, 1_000, 2_000, 3_000],
};

/**
 * How reading a slot went. `silent`: the lock did not answer. `unsent`: there is no connection, or it was lost.
 */
export type Reading =
  | { readonly kind: 'read'; readonly status: UserStatus; readonly pin: string | null }
  | { readonly kind: 'silent' | 'unsent' | 'no-such-slot' };

/**
 * How a write went.
 * - `done`: read back from the lock.
 * - `not-taken`: the lock answers, and does not have it.
 * - `occupied`, `empty`, `no-such-slot`, `silent`, `unsent`, `unsupported`: nothing was written.
 * - `unknown`: sent, and the lock did not answer after that.
 */
export type WriteOutcome =
  | 'done'
  | 'not-taken'
  | 'occupied'
  | 'empty'
  | 'no-such-slot'
  | 'silent'
  | 'unsent'
  | 'unsupported'
  | 'unknown';

type Heard = LockMessage | FailedRequest | 'lost';

const isFailure = (heard: Heard): heard is FailedRequest => heard !== 'lost' && 'cause' in heard;

/**
 * The conversation with one lock: one command at a time, each with a limit. Zigbee2MQTT answers no command, so each is
 * followed by readings, and what they say is what counts.
 */
export class LockLine {
  private readonly turns = new Mutex();
  private readonly listeners = new Set<(heard: Heard) => void>();
  /** Readings that went unanswered, by slot: their answers may still come, and be old. */
  private readonly unanswered = new Set<number>();
  private readonly lastRead = new Map<number, UserStatus>();

  constructor(
    private readonly options: {
      /** @returns false: there is no connection */
      readonly send: (request: Request, payload: object, lapsesMs: number) => boolean;
      /** Whether Zigbee2MQTT puts what was read earlier into every later message of the lock. */
      readonly repeats: () => boolean;
      readonly timings: LineTimings;
    },
  ) {}

  /** Takes what came from the lock, or about it. */
  heard(heard: Heard): void {
    for (const listener of [...this.listeners]) listener(heard);
  }

  /** Reads one slot. */
  read(slot: number): Promise<Reading> {
    return this.turns.runExclusive(() => this.readNow(slot));
  }

  /** Puts a code into a slot that is empty, or whose code is disabled. */
  put(slot: number, pin: string): Promise<WriteOutcome> {
    return this.turns.runExclusive(async () => {
      const before = await this.readNow(slot);
      if (before.kind !== 'read') return before.kind;
      if (before.status === 'unsupported') return 'unsupported';
      if (before.status === 'enabled') return 'occupied';
      const cleared = before.status === 'available' ? 'done' : await this.clearNow(slot);
      return cleared === 'done' ? this.putNow(slot, pin) : cleared;
    });
  }

  /**
   * Puts another code into a slot: it is emptied first, since an overwriting that failed could not be told. Where the
   * lock does not take the new one, the old one is put back if its digits are shown.
   */
  replace(slot: number, pin: string): Promise<WriteOutcome> {
    return this.turns.runExclusive(async () => {
      const before = await this.readNow(slot);
      const cleared = await this.clearNow(slot);
      const outcome = cleared === 'done' ? await this.putNow(slot, pin) : cleared;
      const old = before.kind === 'read' && before.status === 'enabled' ? before.pin : null;
      if (outcome === 'not-taken' && cleared === 'done' && old !== null) await this.putNow(slot, old);
      return outcome;
    });
  }

  /** Empties a slot. */
  clear(slot: number): Promise<WriteOutcome> {
    return this.turns.runExclusive(() => this.clearNow(slot));
  }

  /** Locks or unlocks the door. `done`: the lock says that it is. */
  operate(action: 'lock' | 'unlock'): Promise<WriteOutcome> {
    return this.turns.runExclusive(async () => {
      const wanted = action === 'lock' ? 'LOCK' : 'UNLOCK';
      const write = this.write({ state: wanted }, 'state', null);
      if (!write) return 'unsent';
      const outcome = await this.settle(write, async () => {
        const answer = await this.ask({ state: '' }, (heard) => {
          if (isFailure(heard))
            return heard.property === 'state' && heard.request === 'get' ? 'silent' : undefined;
          return heard === 'lost' ? 'silent' : heard.state;
        });
        if (answer === undefined || answer === 'silent') return 'silent';
        return answer === 'unsent' ? 'unsent' : answer === wanted;
      });
      write.end();
      return outcome;
    });
  }

  private putNow(slot: number, pin: string): Promise<WriteOutcome> {
    const user = { user: slot, user_type: 'unrestricted', user_enabled: true, pin_code: pin };
    return this.writeSlot(slot, user, 'enabled');
  }

  private async clearNow(slot: number): Promise<WriteOutcome> {
    const before = await this.readNow(slot);
    if (before.kind !== 'read') return before.kind;
    if (before.status === 'available') return 'empty';
    return this.writeSlot(slot, { user: slot, pin_code: null }, 'available');
  }

  private async writeSlot(slot: number, user: object, wanted: UserStatus): Promise<WriteOutcome> {
    const write = this.write({ pin_code: user }, 'pin_code', slot);
    if (!write) return 'unsent';
    const outcome = await this.settle(write, async () => {
      const reading = await this.readNow(slot);
      return reading.kind === 'read' ? reading.status === wanted : 'silent';
    });
    write.end();
    return outcome;
  }

  /** Sends a write and keeps listening for its failure; null: not sent. */
  private write(payload: object, property: string, slot: number | null): Write | null {
    const write = new Write(property, slot, () => this.listeners.delete(listener));
    const listener = (heard: Heard): void => write.heard(heard);
    this.listeners.add(listener);
    if (this.options.send('set', payload, this.options.timings.replyMs)) return write;
    write.end();
    return null;
  }

  /** Looks until the lock has what was written, or for long enough that it won't. */
  private async settle(
    write: Write,
    look: () => Promise<boolean | 'silent' | 'unsent'>,
  ): Promise<WriteOutcome> {
    for (const pause of this.options.timings.looksMs) {
      await write.failedWithin(pause);
      if (write.failure === 'no-such-slot') return 'no-such-slot';
      if (write.failure === 'timeout' || write.failure === 'lost') return 'unknown';
      const seen = await look();
      if (seen === true) return 'done';
      if (seen !== false) return 'unknown';
    }
    return 'not-taken';
  }

  /**
   * Reads a slot. Where an answer may be an old one, the lock is asked again, and the last of what comes in a while is
   * believed.
   */
  private async readNow(slot: number): Promise<Reading> {
    const mayBeLate = this.unanswered.has(slot);
    let reading = await this.readOnce(slot);
    if (reading.kind !== 'read') return reading;
    const mayBeRepeated = this.options.repeats() && this.lastRead.get(slot) === reading.status;
    if (mayBeLate || mayBeRepeated) reading = await this.readLatest(slot);
    if (reading.kind === 'read') {
      this.unanswered.delete(slot);
      this.lastRead.set(slot, reading.status);
    }
    return reading;
  }

  private async readLatest(slot: number): Promise<Reading> {
    let latest: Reading | undefined;
    const listener = (heard: Heard): void => {
      const user = heard === 'lost' || isFailure(heard) ? undefined : heard.users?.get(slot);
      if (user) latest = { kind: 'read', ...user };
    };
    this.listeners.add(listener);
    const first = await this.readOnce(slot);
    if (first.kind === 'read')
      await new Promise((resolve) => setTimeout(resolve, this.options.timings.quietMs));
    this.listeners.delete(listener);
    return first.kind === 'read' ? (latest ?? first) : first;
  }

  private async readOnce(slot: number): Promise<Reading> {
    const answer = await this.ask({ pin_code: { user: slot } }, (heard): Reading | undefined => {
      if (heard === 'lost') return { kind: 'unsent' };
      if (!isFailure(heard)) {
        const user = heard.users?.get(slot);
        return user && { kind: 'read', ...user };
      }
      if (heard.request !== 'get' || heard.property !== 'pin_code') return undefined;
      if (heard.slot !== null && heard.slot !== slot) return undefined;
      return { kind: heard.cause === 'no-such-slot' ? 'no-such-slot' : 'silent' };
    });
    if (answer === 'unsent') return { kind: 'unsent' };
    const reading = answer ?? { kind: 'silent' };
    if (reading.kind === 'silent' || reading.kind === 'unsent') this.unanswered.add(slot);
    return reading;
  }

  /** Sends a reading and waits for what answers it; undefined: nothing did. */
  private ask<T>(
    payload: object,
    answerIn: (heard: Heard) => T | undefined,
  ): Promise<T | 'unsent' | undefined> {
    const { send, timings } = this.options;
    return new Promise((resolve) => {
      const end = (answer: T | 'unsent' | undefined): void => {
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(answer);
      };
      const listener = (heard: Heard): void => {
        const answer = answerIn(heard);
        if (answer !== undefined) end(answer);
      };
      const timer = setTimeout(() => end(undefined), timings.replyMs);
      this.listeners.add(listener);
      if (!send('get', payload, timings.replyMs)) end('unsent');
    });
  }
}

/** A write that was sent: hears whether it failed. */
class Write {
  failure: FailedRequest['cause'] | 'lost' | undefined;
  private wake: (() => void) | undefined;

  constructor(
    private readonly property: string,
    private readonly slot: number | null,
    readonly end: () => void,
  ) {}

  heard(heard: Heard): void {
    if (heard === 'lost') this.failure = 'lost';
    else if (!isFailure(heard) || heard.request !== 'set' || heard.property !== this.property) return;
    else if (heard.slot !== null && heard.slot !== this.slot) return;
    else this.failure = heard.cause;
    this.wake?.();
  }

  /** Waits so long, or until it is known that the write failed. */
  failedWithin(ms: number): Promise<void> {
    if (this.failure !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), ms);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }
}
