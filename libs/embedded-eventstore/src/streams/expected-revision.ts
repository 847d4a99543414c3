export const LARGEST_INT64 = 2n ** 63n - 1n;

/**
 * What a writer expects of a stream: a revision, or one of the three words. A bigint is a revision beyond those that
 * JavaScript counts exactly, which no stream has.
 */
export type ExpectedRevision = number | bigint | 'any' | 'no_stream' | 'stream_exists';

/** EventStoreDB's own numbers for the words, as they stand in error details. */
export function expectedVersionNumber(expected: ExpectedRevision): number | bigint {
  switch (expected) {
    case 'any':
      return -2;
    case 'no_stream':
      return -1;
    case 'stream_exists':
      return -4;
    default:
      return expected;
  }
}

/** A number as it came, in digits. */
export function revisionFrom(text: string): number | bigint {
  return exactly(BigInt(text));
}

/** As a number where that is exact. */
export function exactly(value: bigint): number | bigint {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? value : Number(value);
}

/** Whether it is a revision that EventStoreDB's numbers have room for. */
export function isRevision(revision: number | bigint): boolean {
  return typeof revision === 'bigint'
    ? revision <= LARGEST_INT64
    : Number.isSafeInteger(revision) && revision >= 0;
}
