/** A fault of the disk is told again after this long, if it is still there, ms. */
const TOLD_AGAIN_AFTER_MS = 60_000;

/**
 * Reports the node's faults to its operator. What the disk refuses affects every append: that is one line, once a
 * minute at most. Anything else is a defect, and reported in full each time.
 * @param now ms, of a clock that nobody puts
 */
export function reportTo(
  write: (...words: unknown[]) => void,
  now: () => number = () => performance.now(),
): (error: unknown) => void {
  const told = new Map<string, number>();
  return (error) => {
    if (!isOfTheDisk(error)) return write('eventstore:', error);
    const at = now();
    if (at - (told.get(error.message) ?? -Infinity) < TOLD_AGAIN_AFTER_MS) return;
    told.set(error.message, at);
    write(`eventstore: nothing can be written: ${error.message}`);
  };
}

/** SQLite's own words: the disk is full, broken or read-only. */
function isOfTheDisk(error: unknown): error is Error {
  const { code } = (error ?? {}) as { code?: unknown };
  return error instanceof Error && /^SQLITE_(FULL|IOERR|READONLY)/.test(String(code));
}
