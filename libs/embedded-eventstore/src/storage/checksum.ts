import * as zlib from 'node:zlib';
import { type ProposedEvent } from './stored-event';

/** In Node since 20.15; its type definitions for Node 20 do not know it. */
const { crc32 } = zlib as unknown as { crc32: (data: Uint8Array, value?: number) => number };

/** What an event's bytes came to when it was written: bits that have changed on the disk since show when it is read. */
export function checksum(revision: number, { id, metadata, data }: ProposedEvent): number {
  const begun = crc32(id, revision >>> 0);
  // Of no bytes at all zlib makes 0, whatever came before.
  const withMetadata = metadata.length === 0 ? begun : crc32(metadata, begun);
  return data.length === 0 ? withMetadata : crc32(data, withMetadata);
}

/** An event is not what was written. */
export class DamagedEvent extends Error {
  override readonly name = 'DamagedEvent';

  constructor(readonly position: number) {
    super(`the event at position ${position} is damaged on the disk; restore the data folder from a backup`);
  }
}
