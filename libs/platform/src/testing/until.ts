import { setTimeout as delay } from 'node:timers/promises';

/** For what comes sooner or later, on a busy machine too. What must come soon says within what time. */
const WITHIN_MS = 30_000;

export interface UntilOptions {
  /** For the error; without it the source of `look`. */
  readonly what?: string;
  /** The longest wait, ms. */
  readonly within?: number;
  /** The pause between two polls, ms. */
  readonly every?: number;
}

/**
 * For tests that wait for another process, a socket or a thread, which the test clock does not control: polls `look`.
 *
 * @returns the first truthy value that `look` returns
 * @throws when there is none in time
 */
export async function until<T>(
  look: () => T | Promise<T>,
  { what = look.toString(), within = WITHIN_MS, every = 5 }: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (performance.now() > end) throw new Error(`still not so after ${within} ms: ${what}`);
    await delay(every);
  }
}
