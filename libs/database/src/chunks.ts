/** As many at a time as one statement takes, in order. @param size from 1 */
export function* chunks<T>(all: readonly T[], size: number): Iterable<T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}
