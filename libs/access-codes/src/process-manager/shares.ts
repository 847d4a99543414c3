/** Due rows of the agenda that are looked at together; those of all shares are all of them. */
export type Share =
  /** What is no code. */
  | { readonly of: 'others' }
  /** The codes on devices whose ids begin with this one and come before that one; null: all that follow. */
  | { readonly of: 'codes'; readonly from: string; readonly before: string | null };

/** How many shares codes are in, by the first two digits of their devices' ids: a power of two. */
const OF_CODES = 32;

/** Whoever looks at due rows beside others takes one share after the other. @returns undefined from the last one on */
export function shareOf(number: number): Share | undefined {
  if (number === 0) return { of: 'others' };
  if (number > OF_CODES) return undefined;
  return {
    of: 'codes',
    from: number === 1 ? '' : firstDigits(number - 1),
    before: number === OF_CODES ? null : firstDigits(number),
  };
}

const firstDigits = (number: number): string => ((number * 256) / OF_CODES).toString(16).padStart(2, '0');
