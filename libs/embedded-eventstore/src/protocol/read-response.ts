import streams from '@eventstore/db-client/generated/streams_pb';
import shared from '@eventstore/db-client/generated/shared_pb';
import { FieldWriter, lengthOfVarint, uuidText } from '@latchkey/eventstore-wire';
import { STORED_TOMBSTONE_REVISION, type StoredEvent, TOMBSTONE_REVISION } from '../storage/stored-event';

/**
 * Responses of reads, encoded by hand: a read answers with one message an event, and the generated classes cost
 * several times what reading the event from the file does. Field numbers are those of streams.proto; the spec beside
 * this file decodes with the generated classes.
 */

/** What a subscriber is sent: an event, or a link together with what it points to, if that is still there. */
export interface ResolvedEvent {
  readonly event: StoredEvent | undefined;
  readonly link: StoredEvent | undefined;
}

/** The event or link that was read, as opposed to what it points to. */
export function originalEvent(resolved: ResolvedEvent): StoredEvent {
  return (resolved.link ?? resolved.event)!;
}

const TYPE_KEY = Buffer.from('type');
const CREATED_KEY = Buffer.from('created');
const CONTENT_TYPE_KEY = Buffer.from('content-type');
const JSON_TYPE = Buffer.from('application/json');
const BINARY_TYPE = Buffer.from('application/octet-stream');

/** How clients want event ids: as text, or as two longs. */
export type UuidForm = 'text' | 'structured';

/** `ReadResp { event }` of the streams service. */
export function encodeReadEvent(resolved: ResolvedEvent, uuids: UuidForm): Buffer {
  if (resolved.link) return encodeEventMessage(resolved, uuids, undefined);
  const event = resolved.event!;
  if (uuids !== 'text') return encodeEventMessage(resolved, uuids, undefined);
  event.encoded ??= encodeEventMessage(resolved, uuids, undefined);
  return event.encoded;
}

/** `ReadResp { event }` of the persistent subscriptions service, which adds how often it was tried before. */
export function encodePersistentReadEvent(
  resolved: ResolvedEvent,
  uuids: UuidForm,
  retryCount: number,
): Buffer {
  return encodeEventMessage(resolved, uuids, retryCount);
}

function encodeEventMessage(
  resolved: ResolvedEvent,
  uuids: UuidForm,
  retryCount: number | undefined,
): Buffer {
  const position = originalEvent(resolved).position;
  const event = resolved.event && encodeRecord(resolved.event, uuids);
  const link = resolved.link && encodeRecord(resolved.link, uuids);
  let inner = 1 + lengthOfVarint(position);
  if (event) inner += 1 + lengthOfVarint(event.length) + event.length;
  if (link) inner += 1 + lengthOfVarint(link.length) + link.length;
  if (retryCount !== undefined) inner += 1 + lengthOfVarint(retryCount);
  const writer = new FieldWriter(1 + lengthOfVarint(inner) + inner);
  writer.lengthDelimited(1, inner);
  if (event) writer.bytesField(1, event);
  if (link) writer.bytesField(2, link);
  writer.varintField(3, position);
  if (retryCount !== undefined) writer.varintField(5, retryCount);
  return writer.finish();
}

function encodeRecord(event: StoredEvent, uuids: UuidForm): Buffer {
  const id = uuids === 'text' ? textUuid(event.id) : structuredUuid(event.id);
  const stream = Buffer.from(event.stream, 'utf8');
  const type = Buffer.from(event.type, 'utf8');
  const created = Buffer.from(`${event.created}0000`, 'latin1');
  const contentType = event.isJson ? JSON_TYPE : BINARY_TYPE;
  const writer = new FieldWriter(
    240 + stream.length + type.length + event.data.length + event.metadata.length,
  );
  writer.bytesField(1, id);
  writer.lengthDelimited(2, 1 + lengthOfVarint(stream.length) + stream.length);
  writer.bytesField(3, stream);
  if (event.revision === STORED_TOMBSTONE_REVISION) writer.bigVarintField(3, TOMBSTONE_REVISION);
  else writer.varintField(3, event.revision);
  writer.varintField(4, event.position);
  writer.varintField(5, event.position);
  writer.mapEntry(6, TYPE_KEY, type);
  writer.mapEntry(6, CREATED_KEY, created);
  writer.mapEntry(6, CONTENT_TYPE_KEY, contentType);
  if (event.metadata.length > 0) writer.bytesField(7, event.metadata);
  if (event.data.length > 0) writer.bytesField(8, event.data);
  return writer.finish();
}

function textUuid(id: Uint8Array): Buffer {
  const writer = new FieldWriter(40);
  writer.bytesField(2, Buffer.from(uuidText(id), 'latin1'));
  return writer.finish();
}

function structuredUuid(id: Uint8Array): Buffer {
  const bytes = Buffer.from(id.buffer, id.byteOffset, id.byteLength);
  const writer = new FieldWriter(24);
  writer.lengthDelimited(1, 0);
  writer.bigVarintField(1, bytes.readBigUInt64BE(0));
  writer.bigVarintField(2, bytes.readBigUInt64BE(8));
  return writer.finishWithLengthAt(1);
}

function encode(build: (response: streams.ReadResp) => void): Buffer {
  const response = new streams.ReadResp();
  build(response);
  return Buffer.from(response.serializeBinary());
}

export const CAUGHT_UP: Buffer = encode((response) => response.setCaughtUp(new streams.ReadResp.CaughtUp()));

export function encodeConfirmation(subscriptionId: string): Buffer {
  return encode((response) => {
    const confirmation = new streams.ReadResp.SubscriptionConfirmation();
    confirmation.setSubscriptionId(subscriptionId);
    response.setConfirmation(confirmation);
  });
}

export function encodeCheckpoint(position: number): Buffer {
  return encode((response) => {
    const checkpoint = new streams.ReadResp.Checkpoint();
    checkpoint.setCommitPosition(String(position));
    checkpoint.setPreparePosition(String(position));
    response.setCheckpoint(checkpoint);
  });
}

export function encodeStreamNotFound(stream: string): Buffer {
  return encode((response) => {
    const notFound = new streams.ReadResp.StreamNotFound();
    const identifier = new shared.StreamIdentifier();
    identifier.setStreamName(Buffer.from(stream, 'utf8'));
    notFound.setStreamIdentifier(identifier);
    response.setStreamNotFound(notFound);
  });
}

export function encodeFirstStreamPosition(revision: number): Buffer {
  return encode((response) => response.setFirstStreamPosition(String(revision)));
}

export function encodeLastStreamPosition(revision: number): Buffer {
  return encode((response) => response.setLastStreamPosition(String(revision)));
}
