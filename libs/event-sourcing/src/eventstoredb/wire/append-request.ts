import { FieldWriter, lengthOfField, lengthOfVarint } from '@latchkey/eventstore-wire';
import type { ExpectedRevision } from '../../event-store';
import type { ReadAgain } from './own-events';

/** An event as it is sent: its data and metadata are JSON. */
export interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
  /** What it is once it is read again, where that is known. */
  readonly again?: ReadAgain;
}

/** Gets the bytes of an event's data and metadata. */
export type Encoded = (event: SentEvent, data: Buffer, metadata: Buffer) => void;

export interface AppendRequest {
  /** By which the answer is known: a UUID. */
  readonly correlationId: string;
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** Until when it may be written, seconds since 1970. */
  readonly deadline: number;
  readonly events: readonly SentEvent[];
}

/** More bytes than this in one message and a server may refuse it. */
const BYTES_IN_A_MESSAGE = 3 * 1024 * 1024;

const UUID_LENGTH = 36;
/** More than an expected revision and a deadline take. */
const ROOM_FOR_NUMBERS = 32;
/** A message with one field: a UUID as text. */
const UUID_MESSAGE = lengthOfField(UUID_LENGTH);

const TYPE_KEY = Buffer.from('type');
const CONTENT_TYPE_KEY = Buffer.from('content-type');
const JSON_TYPE = Buffer.from('application/json');
const CONTENT_TYPE = lengthOfEntry(CONTENT_TYPE_KEY, JSON_TYPE);

/**
 * `BatchAppendReq` as bytes: one message, or several where the events take more room than one may have. Field numbers are those
 * of streams.proto.
 */
export function encodeAppend(request: AppendRequest, encoded?: Encoded): Buffer[] {
  const messages: Buffer[] = [];
  let events: MeasuredEvent[] = [];
  let size = 0;
  const encode = (isFinal: boolean) =>
    encodeMessage(request, events, { isFirst: messages.length === 0, isFinal }, encoded);
  for (const event of request.events) {
    const measured = measure(event);
    if (events.length > 0 && size + measured.length > BYTES_IN_A_MESSAGE) {
      messages.push(encode(false));
      events = [];
      size = 0;
    }
    events.push(measured);
    size += measured.length;
  }
  messages.push(encode(true));
  return messages;
}

interface MeasuredEvent {
  readonly event: SentEvent;
  readonly type: Buffer;
  /** Bytes of data and metadata. */
  readonly data: number;
  readonly metadata: number;
  /** Of the event's message. */
  readonly length: number;
}

function measure(event: SentEvent): MeasuredEvent {
  const type = Buffer.from(event.type, 'utf8');
  const data = Buffer.byteLength(event.data, 'utf8');
  const metadata = Buffer.byteLength(event.metadata, 'utf8');
  const entries = lengthOfField(lengthOfEntry(TYPE_KEY, type)) + lengthOfField(CONTENT_TYPE);
  const length = lengthOfField(UUID_MESSAGE) + entries + lengthOfField(metadata) + lengthOfField(data);
  return { event, type, data, metadata, length };
}

function encodeMessage(
  request: AppendRequest,
  events: readonly MeasuredEvent[],
  { isFirst, isFinal }: { readonly isFirst: boolean; readonly isFinal: boolean },
  encoded: Encoded | undefined,
): Buffer {
  const options = isFirst ? encodeOptions(request) : undefined;
  let size = lengthOfField(UUID_MESSAGE) + 2;
  if (options) size += lengthOfField(options.length);
  for (const { length } of events) size += lengthOfField(length);
  const writer = new FieldWriter(size);
  writeUuid(writer, request.correlationId);
  if (options) writer.bytesField(2, options);
  for (const each of events) writeEvent(writer, each, encoded);
  writer.varintField(4, isFinal ? 1 : 0);
  return writer.finish();
}

function writeEvent(
  writer: FieldWriter,
  { event, type, data, metadata, length }: MeasuredEvent,
  encoded: Encoded | undefined,
): void {
  writer.lengthDelimited(3, length);
  writeUuid(writer, event.id);
  writer.mapEntry(2, TYPE_KEY, type);
  writer.mapEntry(2, CONTENT_TYPE_KEY, JSON_TYPE);
  writer.textField(3, event.metadata, metadata);
  const metadataBytes = encoded && writer.last(metadata);
  writer.textField(4, event.data, data);
  if (metadataBytes) encoded(event, writer.last(data), metadataBytes);
}

function encodeOptions({ stream, expected, deadline }: AppendRequest): Buffer {
  const name = Buffer.byteLength(stream, 'utf8');
  const writer = new FieldWriter(lengthOfField(lengthOfField(name)) + ROOM_FOR_NUMBERS);
  writer.lengthDelimited(1, lengthOfField(name));
  writer.textField(3, stream, name);
  if (expected === 'any') writer.lengthDelimited(4, 0);
  else if (expected === 'no-stream' || expected === -1) writer.lengthDelimited(3, 0);
  else writer.varintField(2, expected);
  // A timestamp: only its seconds.
  writer.lengthDelimited(6, 1 + lengthOfVarint(deadline));
  writer.varintField(1, deadline);
  return writer.finish();
}

function writeUuid(writer: FieldWriter, uuid: string): void {
  writer.lengthDelimited(1, UUID_MESSAGE);
  writer.textField(2, uuid, UUID_LENGTH);
}

function lengthOfEntry(key: Buffer, value: Buffer): number {
  return lengthOfField(key.length) + lengthOfField(value.length);
}
