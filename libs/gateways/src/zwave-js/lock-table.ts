import { DAY } from '@latchkey/platform';
import type { CodeWindow } from '../lock-gateway';

/** What lies in a place on a lock. */
export interface Placed {
  /** Null: something is there, and the lock does not tell its digits. */
  readonly pin: string | null;
  /** Undefined: not read yet, or the lock keeps no windows. */
  readonly window?: CodeWindow | null;
}

/**
 * What was last read of each place on one lock. A quiet lock is asked again once a day, and wherever something may have
 * happened that it did not tell.
 */
export class LockTable {
  /** Null: nothing. */
  private readonly places = new Map<number, { readonly placed: Placed | null; readonly readAt: number }>();

  /** How often it was that anything may have happened. */
  private losses = 0;

  constructor(private readonly clock: { now(): number }) {}

  /** What is there; null: nothing; undefined: it has to be read. */
  at(slot: number): Placed | null | undefined {
    const known = this.places.get(slot);
    if (!known) return undefined;
    const age = this.clock.now() - known.readAt;
    return age >= 0 && age < DAY ? known.placed : undefined;
  }

  read(slot: number, placed: Placed | null): void {
    this.places.set(slot, { placed, readAt: this.clock.now() });
  }

  /** Something may have happened there. */
  doubt(slot: number): void {
    this.places.delete(slot);
  }

  doubtAll(): void {
    this.places.clear();
    this.losses++;
  }

  /** Changes whenever the lock is to be read back as a whole. */
  get version(): string {
    return String(this.losses);
  }

  /** Where a PIN lies, as far as is known. */
  placeOf(pin: string): number | null {
    for (const [slot, { placed }] of this.places) if (placed?.pin === pin) return slot;
    return null;
  }
}
