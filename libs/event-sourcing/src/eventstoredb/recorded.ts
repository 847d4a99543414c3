import type { RecordedEvent as ClientEvent } from '@eventstore/db-client';
import type { EventMetadata, Position, RecordedEvent, WrittenEvent } from '../event-store';

const NOWHERE: Position = { commit: 0n, prepare: 0n };

/** An event as the port hands it on. */
export function fromClient(
  event: ClientEvent,
  position: Position = event.position ?? NOWHERE,
): RecordedEvent {
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: Number(event.revision),
    position,
    recordedAt: event.created.getTime(),
    data: event.data,
    metadata: event.metadata as unknown as EventMetadata,
  };
}

/** An event as a store keeps it. */
export interface StoredEvent extends Pick<RecordedEvent, 'id' | 'type' | 'stream' | 'revision'> {
  /** When the store took it, ms. */
  readonly created: number;
  /** Whether its data are said to be JSON. */
  readonly isJson: boolean;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** The same as text. */
  readonly dataText: string;
  readonly metadataText: string;
}

/**
 * The same of what a store keeps: JSON as plain data, with the text that it was; anything else as it is, since anyone may
 * append. All of history comes through here: nothing is spread into the events.
 */
export function fromStored(event: StoredEvent, position: Position): RecordedEvent {
  const { dataText, metadataText, isJson } = event;
  const data = isJson ? parsed(dataText) : undefined;
  const metadata = metadataText === '' ? undefined : parsed(metadataText);
  const recorded: RecordedEvent & { written?: WrittenEvent } = {
    id: event.id,
    type: event.type,
    stream: event.stream,
    revision: event.revision,
    position,
    recordedAt: event.created,
    data: data === undefined ? (isJson ? dataText : event.data) : data,
    metadata: (metadata === undefined && metadataText !== '' ? event.metadata : metadata) as EventMetadata,
  };
  if (data !== undefined && metadata !== undefined)
    recorded.written = { data: dataText, metadata: metadataText };
  return recorded;
}

/** @returns undefined where it is no JSON, which is never undefined */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
