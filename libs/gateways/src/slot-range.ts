import { z } from 'zod';

/** Numbered places for codes on a lock, both ends included. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** As it is written in the file of lock systems: "10-29", or one number. */
export const slotRange = z
  .string()
  .regex(/^\d{1,5}(-\d{1,5})?$/, 'must be a range of slots, such as "10-29"')
  .transform((text): SlotRange => {
    const [first, last = first] = text.split('-').map(Number) as [number, number?];
    return { first, last };
  })
  .refine(({ first, last }) => first >= 1 && last >= first, {
    message: 'must begin at 1 or above and end where it begins or later',
  });

/**
 * The slots of a lock that are ours.
 * @param has all slots that the lock has
 * @param declared those that the file says are ours; null: the upper half
 * @returns null where the lock has none of them
 */
export function ourSlots(has: SlotRange, declared: SlotRange | null): SlotRange | null {
  const count = has.last - has.first + 1;
  if (count < 1) return null;
  const wanted = declared ?? { first: has.first + Math.floor(count / 2), last: has.last };
  const first = Math.max(wanted.first, has.first);
  const last = Math.min(wanted.last, has.last);
  return last < first ? null : { first, last };
}
