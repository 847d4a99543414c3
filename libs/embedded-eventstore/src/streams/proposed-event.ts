import { storable } from '../protocol/names';
import { requiredMetadataMissing, unhandled } from '../protocol/rpc-error';
import { type ProposedEvent } from '../storage/stored-event';

/** The proposed message of an append or of a batch append. */
export interface ProposedMessage {
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** @throws RangeError when it has none, or none that is one */
  uuid(): Buffer;
}

const EMPTY_UUID = Buffer.alloc(16);

/** The most one event may take, as on a real server: a record of its log. */
const LARGEST_RECORD = 16 * 1024 * 1024 - 4096;

/** @throws RpcError INVALID_ARGUMENT when type or content type is missing, UNKNOWN for an event no server takes */
export function proposedEvent(message: ProposedMessage): ProposedEvent {
  const { type, contentType, data, metadata } = message;
  if (type === undefined) throw requiredMetadataMissing('type');
  if (contentType === undefined) throw requiredMetadataMissing('content-type');
  const id = eventId(message);
  if (type === '') throw unhandled('Empty eventType provided.');
  storable(type, 'The type of an event');
  if (data.length + metadata.length + 2 * type.length > LARGEST_RECORD) throw unhandled('Record is too big.');
  return { id, type, isJson: contentType === 'application/json', data, metadata };
}

function eventId(message: ProposedMessage): Buffer {
  let id: Buffer;
  try {
    id = message.uuid();
  } catch (error) {
    throw unhandled((error as Error).message);
  }
  if (id.equals(EMPTY_UUID)) throw unhandled('Empty eventId provided.');
  return id;
}

/** What counts against the largest append: as on a real server, the data alone. */
export function appendSize(event: ProposedEvent): number {
  return event.data.length;
}
