import type { SlotRange } from './slot-range';

/**
 * The port through which Latchkey reaches locks. An adapter never decides anything: it says what the other
 * side said, and says so when it said nothing.
 */
export interface LockGateway {
  /** What each lock of the account is and can do, and how it is doing. One call for the whole account. */
  locks(account: AccountRef): Promise<Answer<LockDescription[]>>;
  /** Asks the lock to take a code. `window` only on locks that schedule by themselves. */
  program(lock: LockRef, code: LockCode): Promise<WriteAnswer>;
  /**
   * Asks the lock to change a code that it has, to exactly this. `refused`: the old code is still there. `unknown`
   * also when the old one had to be taken off first and the lock then did not take the new one.
   */
  change(lock: LockRef, lockCodeId: string, code: LockCode): Promise<WriteAnswer>;
  /** Asks the lock to forget a code. */
  remove(lock: LockRef, lockCodeId: string): Promise<WriteAnswer>;
  /** Reads back what is on the lock. */
  list(lock: LockRef): Promise<Answer<ListedCode[]>>;
  /** Locks or unlocks the door. */
  operate(lock: LockRef, action: 'lock' | 'unlock', actionId: string): Promise<WriteAnswer>;
}

export interface AccountRef {
  readonly accountId: string;
  /** Which lock maker: the name of an entry of the lock makers' configuration. */
  readonly maker: string;
}

export interface LockRef extends AccountRef {
  /** The maker's own id of the lock. */
  readonly lockId: string;
}

/** Instants are ms since the epoch. */
export interface CodeWindow {
  readonly startsAt: number;
  readonly endsAt: number;
}

export interface LockCode {
  readonly name: string | null;
  readonly pin: string;
  readonly window: CodeWindow | null;
  /** It is to open the door once; only on locks that take such codes. */
  readonly oneTime?: true;
  /**
   * Into which of its numbered places the lock is to put it; only on locks that have such (`slots`). What the lock
   * knows the code by is then the slot's number as text. Left out: the first that is free.
   */
  readonly slot?: number;
}

export interface ListedCode extends Omit<LockCode, 'pin' | 'slot'> {
  readonly lockCodeId: string;
  /** Null: there is a code, and the lock does not tell its digits. */
  readonly pin: string | null;
  /** `pending`: promised by the maker's cloud, not yet confirmed by the lock. */
  readonly status: 'active' | 'pending';
}

export interface LockDescription {
  readonly lockId: string;
  readonly name: string;
  readonly model: string | null;
  readonly online: boolean;
  /** False: its hub is offline, and the lock with it. Left out where the maker does not tell. */
  readonly hubOnline?: boolean;
  /** 0 to 1. */
  readonly batteryLevel: number | null;
  readonly timeZone: string | null;
  /** The lock's clock less the true time, in ms; null where the maker does not tell. */
  readonly clockDrift: number | null;
  /** Changes whenever anything on the lock does; null where the maker does not tell. */
  readonly updatedAt: string | null;
  readonly capabilities: LockCapabilities;
}

export interface LockCapabilities {
  readonly nativeScheduling: boolean;
  readonly supportedCodeLengths: readonly number[];
  /** Seam's constraint_type vocabulary. */
  readonly codeConstraints: readonly CodeConstraint[];
  readonly maxActiveCodes: number | null;
  /** Codes lie in numbered places, of which these are ours; left out: the lock finds places by itself. */
  readonly slots?: SlotRange;
  /** Windows begin and end on multiples of so many minutes from midnight; left out: anywhere. */
  readonly timeStepMinutes?: number;
  /** Keeps windows by the wall clock of its time zone: an instant that such a clock shows twice can't be told. */
  readonly keepsWallTime?: boolean;
  /** Takes codes that open the door once; left out: it does not. */
  readonly oneTimeCodes?: boolean;
  readonly canRemotelyLock: boolean;
  readonly canRemotelyUnlock: boolean;
}

export interface CodeConstraint {
  readonly constraintType: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/**
 * Why the other side did not do it.
 * - `refused`: the lock or its maker said no, in `errorCode` (the maker's word, upper case).
 * - `unreachable`: certainly not done: no connection, 5xx before anything was taken, 429.
 * - `unauthorized`: the account's grant is gone for good (the refresh token was refused).
 * - `unknown`: sent, and no answer: it may or may not happen. Read back, then decide.
 */
export type Refusal =
  | { readonly kind: 'refused'; readonly errorCode: string; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string; readonly retryAfterMs?: number }
  | { readonly kind: 'unauthorized'; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

export type Answer<T> = { readonly kind: 'answered'; readonly value: T } | Refusal;

/** `accepted`: the maker promised to do it; the outcome comes as a report, or is found by reading back. */
export type WriteAnswer = { readonly kind: 'accepted'; readonly lockCodeId: string } | Refusal;

/** What locks report by themselves, in the maker's order as far as it keeps one. May repeat, be late, be missing. */
export type LockReport =
  /** The whole system can be reached no more, or can be again. */
  | { readonly kind: 'system-lost' }
  | { readonly kind: 'system-back' }
  | {
      readonly kind: 'code-outcome';
      readonly operation: 'created' | 'updated' | 'deleted';
      readonly lockId: string;
      readonly lockCodeId: string;
      readonly success: boolean;
      readonly errorCode: string | null;
    }
  | {
      readonly kind: 'online' | 'offline' | 'low-battery' | 'time-wrong' | 'added' | 'removed';
      readonly lockId: string;
    }
  | {
      readonly kind: 'code-used';
      readonly lockId: string;
      readonly lockCodeId: string | null;
      readonly at: string | null;
      /** The maker's own id of the report, where it gives one. */
      readonly id?: string;
    }
  | {
      /** A wrong code was typed; somebody is at the lock itself, or its cover is off; its bolt is stuck. */
      readonly kind: 'incorrect-attempt' | 'tampered' | 'jammed';
      readonly lockId: string;
      readonly at: string | null;
      readonly id?: string;
    }
  | {
      readonly kind: 'action-completed';
      readonly lockId: string;
      readonly actionId: string | null;
      readonly success: boolean;
      readonly errorCode: string | null;
      readonly performedVia: string | null;
      /** Left out where the maker does not tell. */
      readonly action?: 'lock' | 'unlock';
      readonly id?: string;
    };
