const FORM = /^(\d{1,5})(\.by-hand)?$/;

/**
 * The id of a code on a lock: the lock's own number of the user who has it.
 * @param byHand somebody put it there at the lock, perhaps over a code of ours: it is another code
 */
export const lockCodeIdOf = (slot: number, byHand = false): string =>
  byHand ? `${slot}.by-hand` : `${slot}`;

/** The slot that an id names; null where it is no id of this kind of system. */
export function slotOf(lockCodeId: string): number | null {
  const match = FORM.exec(lockCodeId);
  return match ? Number(match[1]) : null;
}
