import { backOff, type Random } from '@latchkey/platform';

/** When to try again after so many failures in a row, ms. */
export function retryAt(
  now: number,
  failures: number,
  random: Random,
  { retryFirst, retryLimit }: { retryFirst: number; retryLimit: number },
): number {
  return now + backOff(failures, { first: retryFirst, limit: retryLimit }, random);
}
