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

/**
 * A revision off the wire.
 * @returns undefined when it is no revision a stream can have
 */
export function revisionFromWire(text: string): number | undefined {
  const revision = Number(text);
  return Number.isSafeInteger(revision) && revision >= 0 ? revision : undefined;
}
