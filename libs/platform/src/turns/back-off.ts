import type { Random } from '../ids/random';

/**
 * How long to wait after a number of failures in a row, ms: the pause doubles from `first` to `limit`, and half of it
 * is random, so that what failed together does not come back together.
 */
export function backOff(
  failures: number,
  { first, limit }: { readonly first: number; readonly limit: number },
  random: Random,
): number {
  const pause = Math.min(limit, first * 2 ** Math.min(failures, 30));
  return Math.round(pause / 2) + random.int(Math.max(1, Math.round(pause / 2)));
}
