import type { ArchivedFile } from './file-format';

/** How many files of one size become one of the next. */
const TOGETHER = 4;
/** The smallest size, in facts: smaller files count as such. */
const SMALLEST = 1_024;
/** A file that would have more facts is not made. */
const LARGEST = 1_000_000;

const sizeOf = ({ facts }: ArchivedFile): number =>
  Math.max(0, Math.floor(Math.log(facts / SMALLEST) / Math.log(TOGETHER)));

/**
 * The names of the files to be made one next, the smallest first; none: there are as few as there should be. So the
 * number of files grows with the logarithm of the facts, up to a million in each, and each fact is written again a few
 * times at most.
 */
export function due(files: readonly ArchivedFile[]): string[] {
  const bySize = new Map<number, ArchivedFile[]>();
  for (const file of files) bySize.set(sizeOf(file), [...(bySize.get(sizeOf(file)) ?? []), file]);
  for (const [, alike] of [...bySize].sort(([a], [b]) => a - b)) {
    const some = alike.slice(0, TOGETHER);
    const facts = some.reduce((sum, file) => sum + file.facts, 0);
    if (some.length === TOGETHER && facts <= LARGEST) return some.map(({ name }) => name);
  }
  return [];
}
