import type { RecordedEvent as ClientEvent } from '@eventstore/db-client';
import { type EventMetadata, type Position, type RecordedEvent } from '../event-store';

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
