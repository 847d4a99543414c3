import { type Status } from '@eventstore/db-client/generated/status_pb';
import { FieldWriter, lengthOfVarint } from '@latchkey/eventstore-wire';

/**
 * Responses to batch appends, encoded by hand as their requests are decoded. Correlation id and stream name go back as
 * they came. Field numbers are those of streams.proto.
 */

/** More than the tags, lengths and numbers of a response take. */
const ROOM = 96;

/**
 * @param lastRevision the newest revision of what was appended; -1 when nothing was
 * @param position of the newest event, or undefined when it has none any more
 */
export function encodeAppended(
  correlationId: Uint8Array,
  stream: Uint8Array,
  lastRevision: number,
  position: number | undefined,
): Buffer {
  const writer = new FieldWriter(ROOM + correlationId.length + stream.length);
  writer.bytesField(1, correlationId);
  const appendedAt = position === undefined ? 0 : 2 * (1 + lengthOfVarint(position));
  const revision = lastRevision < 0 ? 2 : 1 + lengthOfVarint(lastRevision);
  writer.lengthDelimited(3, revision + 2 + appendedAt);
  if (lastRevision < 0) writer.lengthDelimited(2, 0);
  else writer.varintField(1, lastRevision);
  if (position === undefined) {
    writer.lengthDelimited(4, 0);
  } else {
    writer.lengthDelimited(3, appendedAt);
    writer.varintField(1, position);
    writer.varintField(2, position);
  }
  writeStream(writer, stream);
  return writer.finish();
}

/** Either may be missing in what is refused. */
export function encodeRefused(
  correlationId: Uint8Array | undefined,
  stream: Uint8Array | undefined,
  error: Status,
): Buffer {
  const status = error.serializeBinary();
  const writer = new FieldWriter(ROOM + (correlationId?.length ?? 0) + status.length + (stream?.length ?? 0));
  if (correlationId) writer.bytesField(1, correlationId);
  writer.bytesField(2, status);
  if (stream) writeStream(writer, stream);
  return writer.finish();
}

function writeStream(writer: FieldWriter, stream: Uint8Array): void {
  writer.lengthDelimited(4, 1 + lengthOfVarint(stream.length) + stream.length);
  writer.bytesField(3, stream);
}
