import { within } from '@latchkey/platform';

/** How it stands with one thing: well, to be watched, or not working. */
export type Standing = 'ok' | 'warn' | 'bad';

/** What a doctor found. */
export interface Finding {
  readonly check: string;
  readonly standing: Standing;
  /** What was found, in a few words. */
  readonly found: string;
  /** What to do about it; null where nothing has to be done. */
  readonly advice: string | null;
}

/** A finding without its check's name. */
export type Found = Omit<Finding, 'check'>;

export const ok = (found: string): Found => ({ standing: 'ok', found, advice: null });
export const warn = (found: string, advice: string): Found => ({ standing: 'warn', found, advice });
export const bad = (found: string, advice: string): Found => ({ standing: 'bad', found, advice });

/** So long a check may take, ms: the doctor goes on with the next. */
const WITHIN_MS = 15_000;

/** Runs a check. What it throws is what is wrong. @param advice what to do then */
export async function checked(
  check: string,
  advice: string,
  work: () => Promise<Found> | Found,
): Promise<Finding> {
  try {
    const late = () => new Error(`no answer within ${WITHIN_MS / 1000} s`);
    return { check, ...(await within(Promise.resolve(work()), WITHIN_MS, late)) };
  } catch (error) {
    return { check, ...bad(error instanceof Error ? error.message : String(error), advice) };
  }
}

const [MINUTE_S, HOUR_S, DAY_S] = [60, 3_600, 86_400];

/** A span of time for people, ms. */
export function spanOf(ms: number): string {
  const s = Math.round(ms / 1000);
  if (s < 2 * MINUTE_S) return `${s} s`;
  if (s < 2 * HOUR_S) return `${Math.round(s / MINUTE_S)} min`;
  return s < 2 * DAY_S ? `${Math.round(s / HOUR_S)} h` : `${Math.round(s / DAY_S)} days`;
}
