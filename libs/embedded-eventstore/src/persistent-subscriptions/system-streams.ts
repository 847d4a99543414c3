import { randomUUID } from 'node:crypto';
import { uuidBytes } from '@latchkey/eventstore-wire';
import { type NodeParts } from '../streams/context';
import { type ProposedEvent, type StoredEvent } from '../storage/stored-event';
import { metastreamOf } from '../streams/stream-metadata';
import { metadataEvent } from '../streams/stream-writer';

/** Parts of a node that keep their own facts in system streams. */
export type SystemStreams = Pick<NodeParts, 'log' | 'commits' | 'reader' | 'writer' | 'report' | 'now'>;

const NO_BYTES = new Uint8Array(0);

export function systemEvent(type: string, data: string, isJson: boolean, metadata?: unknown): ProposedEvent {
  return {
    id: uuidBytes(randomUUID()),
    type,
    isJson,
    data: Buffer.from(data, 'utf8'),
    metadata: metadata === undefined ? NO_BYTES : Buffer.from(JSON.stringify(metadata), 'utf8'),
  };
}

/** Appends to a system stream; runs inside the transaction. Its metadata is written first when there is none yet. */
export function appendWithMetadata(
  { log, writer }: SystemStreams,
  stream: string,
  event: ProposedEvent,
  metadata: object,
): void {
  if ((log.head(metastreamOf(stream))?.lastRevision ?? -1) < 0) setMetadata({ writer }, stream, metadata);
  writer.append(stream, 'any', [event]);
}

/** Runs inside the transaction. */
export function setMetadata(
  { writer }: Pick<SystemStreams, 'writer'>,
  stream: string,
  metadata: object,
): void {
  writer.append(metastreamOf(stream), 'any', [metadataEvent(Buffer.from(JSON.stringify(metadata)))]);
}

/** The newest event of a stream, if it can be read. */
export function lastEvent({ reader }: SystemStreams, stream: string): StoredEvent | undefined {
  const view = reader.view(stream);
  return view.kind === 'present' ? reader.backwards(view, view.lastRevision, 1)[0] : undefined;
}
