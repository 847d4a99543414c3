import type { Logger } from '@latchkey/platform';
import { sharedDrift } from '../domain/shared-drift';

/** What the machine itself knows of the server's clock. */
export interface OwnClock {
  /** By how much it has jumped since it was last known to be right, ms. */
  readonly offset: number;
  /** It has been found to be right. */
  believe(): void;
  /** It has been found to be wrong. */
  doubt(): void;
}

/** How many locks, those that reported last, are compared at most. */
const WITNESSES = 200;

interface Heard {
  readonly lockId: string;
  /** The lock's clock less ours, ms; null where it reports none. */
  readonly clockDrift: number | null;
}

/** The drifts of so many locks, those that come last; no more of them are compared. */
function lastOf(reports: readonly Heard[]): (readonly [string, number])[] {
  const drifts = new Map<string, number>();
  for (let n = reports.length - 1; n >= 0 && drifts.size < WITNESSES; n--) {
    const { lockId, clockDrift } = reports[n]!;
    if (clockDrift !== null && !drifts.has(lockId)) drifts.set(lockId, clockDrift);
  }
  return [...drifts].reverse();
}

/** Compares the locks' clocks with each other, to find out whether a lock's clock is wrong or the server's. */
export class LockClocks {
  private readonly heard = new Map<string, { readonly drift: number; readonly accountId: string }>();
  private shared = 0;

  constructor(
    private readonly options: {
      readonly own: OwnClock;
      readonly tolerance: number;
      readonly logger: Logger;
      /** The clocks of these accounts' locks may have to be judged again. */
      readonly onVerdict: (accountIds: readonly string[]) => Promise<void>;
    },
  ) {}

  /**
   * Takes what the locks of an account report.
   * @returns how much of all those drifts is the server's own, ms
   */
  async hear(accountId: string, reports: readonly Heard[]): Promise<number> {
    const { own, tolerance, logger, onVerdict } = this.options;
    for (const [lockId, drift] of lastOf(reports)) {
      const key = `${accountId}/${lockId}`;
      this.heard.delete(key);
      this.heard.set(key, { drift, accountId });
    }
    for (const key of this.heard.keys()) {
      if (this.heard.size <= WITNESSES) break;
      this.heard.delete(key);
    }
    const all = [...this.heard.values()].map(({ drift }) => drift);
    const shared = sharedDrift(all, tolerance, own.offset);
    const right = all.filter((drift) => Math.abs(drift) <= tolerance).length;
    if (own.offset !== 0 && right > 0 && right * 2 >= all.length) own.believe();
    if (shared !== 0) own.doubt();
    if ((shared === 0) !== (this.shared === 0)) {
      if (shared === 0) logger.info('the server’s clock agrees with the locks’ clocks again');
      else {
        const message =
          'the server’s clock differs from nearly all locks’ clocks: they keep the time frames that they have';
        logger.error({ byMs: -shared, locks: all.length }, message);
      }
      const others = new Set([...this.heard.values()].map((one) => one.accountId));
      others.delete(accountId);
      this.shared = shared;
      await onVerdict([...others]);
    }
    this.shared = shared;
    return shared;
  }

  /** The server's clock has been set: earlier reports were measured against another one. */
  forget(): void {
    this.heard.clear();
  }
}
