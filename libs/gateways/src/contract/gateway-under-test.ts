import type {
  AccountRef,
  LockCapabilities,
  LockCode,
  LockGateway,
  LockRef,
  LockReport,
} from '../lock-gateway';

/** What the contract needs besides the gateway: locks to try it on, and hands that are not the gateway's. */
export interface GatewayUnderTest {
  readonly gateway: LockGateway;
  readonly account: AccountRef;
  /**
   * What this kind of lock does not have: codes have no names, keep no windows, it does not tell its PINs' rules, or
   * not the PINs that it holds.
   */
  readonly lacks?: readonly Lack[];
  /** Our clock, which the locks' clocks follow; ms. It stands still except in `settle` and `wait`. */
  now(): number;
  /** A lock of the account with no code on it, PINs of 4 to 8 digits, and these abilities. */
  freshLock(abilities?: Partial<LockCapabilities>): Promise<LockRef>;
  /** Lets the locks finish what they were asked to do, and all their reports arrive. Takes under a minute. */
  settle(): Promise<void>;
  wait(ms: number): Promise<void>;
  /** Whether the PIN, typed at the lock now, opens the door. */
  opens(lock: LockRef, pin: string): Promise<boolean>;
  setOnline(lock: LockRef, online: boolean): Promise<void>;
  /** The next write is taken, and the answer to it lost. */
  loseNextAnswer(lock: LockRef): Promise<void>;
  /** Puts a code on the lock as somebody who stands before it does. */
  putByHand(lock: LockRef, code: LockCode): Promise<void>;
  /** All reports that came so far, oldest first. */
  reports(): readonly LockReport[];
  close(): Promise<void>;
}

export type Lack = 'names' | 'windows' | 'rules' | 'pins';
