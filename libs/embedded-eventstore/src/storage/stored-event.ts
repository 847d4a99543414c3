/** The revision EventStoreDB gives the `$streamDeleted` event of a tombstoned stream (largest int64). */
export const TOMBSTONE_REVISION = 9223372036854775807n;

/** How the tombstone's revision is kept in SQLite and in numbers: the largest integer JavaScript counts to. */
export const STORED_TOMBSTONE_REVISION = Number.MAX_SAFE_INTEGER;

/** An event as a writer proposes it. */
export interface ProposedEvent {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly type: string;
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** An event as the log keeps it. */
export interface StoredEvent extends ProposedEvent {
  /** Place in `$all`; commit and prepare position are the same number on this node. */
  readonly position: number;
  readonly streamId: number;
  readonly stream: string;
  /** Place in its stream; `STORED_TOMBSTONE_REVISION` for a tombstone. */
  readonly revision: number;
  /** When it was appended, ms since 1970. */
  readonly created: number;
  /** Its protocol encoding, kept so that many subscribers to a fresh event share the work. */
  encoded?: Buffer;
}

/** The position that follows `event`: positions advance by an event's size, as they do in a log file. */
export function nextPosition(position: number, stream: string, event: ProposedEvent): number {
  return position + 80 + stream.length + event.type.length + event.data.length + event.metadata.length;
}
