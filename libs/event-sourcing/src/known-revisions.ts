/** What a view that hears of every event knows of the streams. */
export interface KnownRevisions {
  /** The newest revision of a stream that it has seen: what is kept in memory must not be older. */
  atLeast(stream: string): number | undefined;
}
