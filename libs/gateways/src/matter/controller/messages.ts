import type { Answer } from '../../lock-gateway';

/** What the controller's process tells of a lock. */
export interface FoundLock {
  /** Stays the lock's when it is renamed, restarted or paired again. */
  readonly lockId: string;
  readonly name: string;
  readonly model: string | null;
  readonly online: boolean;
  /** 0 to 1. */
  readonly batteryLevel: number | null;
  /** By the lock itself, as an IANA name; null: it does not tell. */
  readonly timeZone: string | null;
  readonly pinLengths: { readonly shortest: number; readonly longest: number };
  /** Users are numbered from 1 to this; 0: it takes no PINs over the air. */
  readonly users: number;
  /** It keeps windows by itself, each of a year's days. */
  readonly schedules: boolean;
}

/** In the lock's local time, as if it were UTC; seconds since the epoch. */
export interface LocalWindow {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** What lies in a user's place of a lock. */
export interface FoundUser {
  readonly slot: number;
  readonly name: string | null;
  readonly enabled: boolean;
  /** That a PIN is there; which, no lock tells. */
  readonly hasPin: boolean;
  /** By our own fabric, and changed by nobody else since. */
  readonly isOurs: boolean;
  /** Null: at all times. */
  readonly window: LocalWindow | null;
}

export interface NewUser {
  readonly slot: number;
  readonly name: string | null;
  readonly pin: string;
  readonly window: LocalWindow | null;
}

/** What the controller can be asked for. */
export interface ControllerCalls {
  /** Takes a lock into the fabric. @returns the lock */
  pair(pairing: {
    readonly pairingCode: string;
    readonly address: string | null;
  }): Promise<Answer<FoundLock>>;
  locks(nothing: Record<string, never>): Promise<Answer<{ fabricId: string; locks: FoundLock[] }>>;
  users(of: { readonly lockId: string }): Promise<Answer<FoundUser[]>>;
  /** Puts a user with a PIN into an empty place. */
  setUser(to: { readonly lockId: string; readonly user: NewUser }): Promise<Answer<null>>;
  /** Empties a user's place. */
  clearUser(of: { readonly lockId: string; readonly slot: number }): Promise<Answer<null>>;
  operate(of: { readonly lockId: string; readonly action: 'lock' | 'unlock' }): Promise<Answer<null>>;
  /** Takes all locks out of the fabric, those that answer. */
  forget(nothing: Record<string, never>): Promise<Answer<null>>;
}

export type CallName = keyof ControllerCalls;
export type Asked<C extends CallName> = Parameters<ControllerCalls[C]>[0];
export type Answered<C extends CallName> = Awaited<ReturnType<ControllerCalls[C]>>;

/** What a lock does by itself. Places are users' numbers. */
export type LockNews =
  | {
      readonly news: 'online' | 'offline' | 'battery-low' | 'jammed' | 'tampered';
      readonly lockId: string;
    }
  | {
      readonly news: 'operated';
      readonly lockId: string;
      readonly action: 'lock' | 'unlock';
      readonly by: 'keypad' | 'remote' | 'hand' | 'other';
      readonly slot: number | null;
    }
  | { readonly news: 'wrong-pin' | 'users-changed'; readonly lockId: string };

/** How long a lock is waited for, ms. */
export interface Limits {
  /** One that does not take up a connection within this is offline. */
  readonly connectMs: number;
  /** A command that is not answered within this may have been done or not. */
  readonly answerMs: number;
}

/** From the server to the controller. */
export type ToController =
  | {
      readonly kind: 'start';
      readonly folder: string;
      readonly networkInterface: string | null;
      readonly limits: Limits;
    }
  | { readonly kind: 'call'; readonly id: number; readonly name: CallName; readonly asked: unknown }
  /** In order: it ends when it has put everything away. */
  | { readonly kind: 'stop' };

/** From the controller to the server. */
export type FromController =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer<unknown> }
  | { readonly kind: 'news'; readonly news: LockNews }
  | { readonly kind: 'log'; readonly text: string };
