/** Where every part of Latchkey gets its time from. Instants are whole milliseconds since the epoch, UTC. */
export interface Clock {
  /** The instant that this clock reads. */
  now(): number;
  /**
   * Calls back once, as soon as the clock reads `instant` or later; if it already does, at once, but never
   * before this call has returned. Callbacks come in the order of their instants.
   * @returns cancels the call; harmless when it has already been made.
   */
  at(instant: number, callback: () => void): () => void;
}
