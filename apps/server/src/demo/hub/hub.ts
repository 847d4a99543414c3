import type { LockAtHand, LocksAtHand } from '../clients';

/** A lock that was hung up. */
export interface HungLock extends LockAtHand {
  /** With which its owner connects it; left out: it is found. */
  readonly pairingCode?: string;
}

/** A lock system on this machine with simulated locks, in a process of its own. */
export interface Hub extends LocksAtHand {
  /** Its entry in the file of lock systems. */
  readonly entry: { readonly kind: string; readonly name: string };
  /** Hangs up a lock. */
  hang(name: string): Promise<HungLock>;
  /** Ends the hub, as when it is killed; its locks stay. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}
