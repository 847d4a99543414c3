import { comparePositions, type RecordedEvent } from '../event-store';

/**
 * Facts of several sources, each in the order of positions, in that order together; a fact that two sources have comes
 * once. One fact of each source is in memory at a time. Left early, it leaves its sources too.
 * @param direction 1: ascending; -1: descending
 */
export async function* merged(
  sources: readonly AsyncIterable<RecordedEvent>[],
  direction: 1 | -1 = 1,
): AsyncGenerator<RecordedEvent> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map(nextOf));
    for (;;) {
      const next = foremost(heads, direction);
      if (!next) return;
      yield next;
      for (const [n, head] of heads.entries()) {
        if (head && comparePositions(head.position, next.position) === 0)
          heads[n] = await nextOf(iterators[n]!);
      }
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

async function nextOf(iterator: AsyncIterator<RecordedEvent>): Promise<RecordedEvent | undefined> {
  const next = await iterator.next();
  return next.done ? undefined : next.value;
}

function foremost(
  heads: readonly (RecordedEvent | undefined)[],
  direction: 1 | -1,
): RecordedEvent | undefined {
  let first: RecordedEvent | undefined;
  for (const head of heads) {
    if (head && (!first || comparePositions(head.position, first.position) === -direction)) first = head;
  }
  return first;
}
