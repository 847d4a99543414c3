import type { Account, Device } from '@latchkey/devices';
import { type Keypad, RESERVATION_GRACE } from './keypad';

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

/** How soon an unanswered command is looked after, ms. */
const READ_BACK_AFTER = 2_000;

/** What codes are planned by, with what is set for it. */
export function planSettings(set: Omit<PlanSettings, 'reservationGrace' | 'readBackAfter'>): PlanSettings {
  const { preloadLead, justInTimeLead, settingDelayAfter, removalDelayAfter } = set;
  return {
    ...{ preloadLead, justInTimeLead, settingDelayAfter, removalDelayAfter },
    ...{ reservationGrace: RESERVATION_GRACE, readBackAfter: READ_BACK_AFTER },
  };
}

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
