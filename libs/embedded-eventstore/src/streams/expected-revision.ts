/** What a writer expects of a stream: a revision, or one of the three words. */
export type ExpectedRevision = number | 'any' | 'no_stream' | 'stream_exists';

/** EventStoreDB's own numbers for the words, as they stand in error details. */
export function expectedVersionNumber(expected: ExpectedRevision): number {
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

/** Whether it is a revision that a stream can have. */
export function isRevision(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}
