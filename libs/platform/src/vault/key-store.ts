/**
 * Where the vault keeps its keys, each one wrapped by the master key. A write has reached the disk when its
 * promise is kept. Key ids are used once: an erased one stays erased for ever.
 */
export interface KeyStore {
  /** The wrapped key; null once erased; undefined if there never was one. */
  find(keyId: string): Promise<string | null | undefined>;
  /** The wrapped keys of those ids that there ever was a key for; null for one that was erased. */
  findAll(keyIds: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
  /** Keeps `wrapped` unless there is a key already, and answers the one that is kept. */
  add(keyId: string, wrapped: string): Promise<string | null>;
  /** Destroys the key for good, or keeps it from ever being made. */
  erase(keyId: string): Promise<void>;
}
