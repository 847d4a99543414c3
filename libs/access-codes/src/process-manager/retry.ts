import type { Random } from '@latchkey/platform';

/**
 * When to try again after so many failures in a row: the pause doubles from `first` to `limit`, and a part of
 * it is drawn, so that many locks that failed together do not come back together. ms.
 */
export function retryAt(
  now: number,
  failures: number,
  random: Random,
  settings: { retryFirst: number; retryLimit: number },
): number {
  const pause = Math.min(settings.retryLimit, settings.retryFirst * 2 ** Math.min(failures, 30));
  return now + Math.round(pause / 2) + random.int(Math.max(1, Math.round(pause / 2)));
}
