import type { Account, Device } from '@latchkey/devices';
import type { Keypad } from './keypad';

/** Lead times and thresholds, ms. */
export interface PlanSettings {
  readonly preloadLead: number;
  readonly justInTimeLead: number;
  readonly settingDelayAfter: number;
  readonly removalDelayAfter: number;
  /** A reservation whose code never came is released after this. */
  readonly reservationGrace: number;
  /** How soon an unanswered command is followed by a read-back. */
  readonly readBackAfter: number;
}

/** How long before its window a code goes onto its lock, ms. */
export type LeadTimes = Pick<PlanSettings, 'preloadLead' | 'justInTimeLead'>;

export interface Circumstances {
  readonly device: Device | null;
  readonly account: Account | null;
  readonly keypad: Keypad;
  readonly now: number;
  /** The latest that the time may be, ms, where the server's clock has been set back; left out: now. */
  readonly latest?: number;
  /** The earliest that it may be, where the clock has been set forward. */
  readonly earliest?: number;
  readonly settings: PlanSettings;
}
