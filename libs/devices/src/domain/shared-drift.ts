/** At least this share of the locks that report the time must agree for the server's clock to be wrong. */
const AGREEING = 0.75;

/**
 * By how much the locks' clocks are ahead of the server's, ms, where that is the server's doing and not theirs: nearly
 * all of them are off by the same. 0: they are not.
 * @param drifts each lock's clock less the server's, ms
 * @param tolerance how far a clock may be off, ms
 * @param jumpedBy how far the server's clock is known to have jumped, ms: then one lock that agrees is enough
 */
export function sharedDrift(drifts: readonly number[], tolerance: number, jumpedBy = 0): number {
  if (drifts.length === 0) return 0;
  const middle = [...drifts].sort((a, b) => a - b)[Math.floor(drifts.length / 2)]!;
  if (Math.abs(middle) <= tolerance) return 0;
  const agreeing = drifts.filter((drift) => Math.abs(drift - middle) <= tolerance).length;
  const hasJumped = jumpedBy !== 0 && Math.abs(middle + jumpedBy) <= tolerance;
  const witnesses = hasJumped ? 1 : 2;
  return agreeing >= witnesses && agreeing >= AGREEING * drifts.length ? middle : 0;
}
