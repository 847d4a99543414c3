import { entryIn, FieldReader, uuidInMessage } from '@latchkey/eventstore-wire';
import { exactly, type ExpectedRevision } from './expected-revision';
import { type ProposedMessage } from './proposed-event';

/**
 * Requests of batch appends, decoded by hand: the client sends every append as one, and the generated classes cost more
 * than deciding it; they are also older than the deadline that newer clients send. Field numbers are those of
 * streams.proto (21.10.1 and later).
 */
export interface BatchAppendRequest {
  /** The UUID message as it came, to be sent back; undefined when it did not come. */
  readonly correlationId: Buffer | undefined;
  /** Comes with the first message of an append. */
  readonly options: BatchAppendOptions | undefined;
  readonly events: readonly ProposedMessage[];
  readonly isFinal: boolean;
}

export interface BatchAppendOptions {
  /** The stream's name as it came; undefined when no stream is identified. */
  readonly stream: Uint8Array | undefined;
  /** A revision may be any number; undefined when nothing is expected, not even anything. */
  readonly expected: ExpectedRevision | undefined;
  /** Until when it is to be written, ms since 1970. */
  readonly deadline: number | undefined;
  /** How long it may take instead, ms. */
  readonly timeout: number | undefined;
}

const NOTHING = new Uint8Array(0);

/** @throws RangeError when the bytes are no message */
export function decodeBatchAppend(bytes: Buffer): BatchAppendRequest {
  let correlationId: Buffer | undefined;
  let options: BatchAppendOptions | undefined;
  const events: ProposedMessage[] = [];
  let isFinal = false;
  for (const field = new FieldReader(bytes); field.next();) {
    switch (field.number) {
      case 1:
        correlationId = field.bytes();
        break;
      case 2:
        options = decodeOptions(field.inner(), options);
        break;
      case 3:
        events.push(decodeEvent(field.inner()));
        break;
      case 4:
        isFinal = field.value !== 0;
        break;
    }
  }
  return { correlationId, options, events, isFinal };
}

/** @param earlier what came before in the same message: options that come twice are merged */
function decodeOptions(field: FieldReader, earlier: BatchAppendOptions | undefined): BatchAppendOptions {
  let stream = earlier?.stream;
  let expected = earlier?.expected;
  let deadline = earlier?.deadline;
  let timeout = earlier?.timeout;
  while (field.next()) {
    switch (field.number) {
      case 1:
        stream = streamName(field.inner());
        break;
      case 2:
        expected =
          field.value > Number.MAX_SAFE_INTEGER ? exactly(BigInt.asUintN(64, field.int64())) : field.value;
        break;
      case 3:
        expected = 'no_stream';
        break;
      case 4:
        expected = 'any';
        break;
      case 5:
        expected = 'stream_exists';
        break;
      case 6:
        deadline = milliseconds(field.inner());
        timeout = undefined;
        break;
      case 7:
        timeout = milliseconds(field.inner());
        deadline = undefined;
        break;
    }
  }
  return { stream, expected, deadline, timeout };
}

function streamName(identifier: FieldReader): Uint8Array {
  let name: Uint8Array = NOTHING;
  while (identifier.next()) if (identifier.number === 3) name = identifier.bytes();
  return name;
}

/** A timestamp or a duration. Of a negative number, which is a very large varint, only the sign is kept. */
function milliseconds(time: FieldReader): number {
  let ms = 0;
  while (time.next()) {
    const value = time.value > Number.MAX_SAFE_INTEGER ? -1 : time.value;
    if (time.number === 1) ms += value * 1000;
    if (time.number === 2) ms += value / 1_000_000;
  }
  return ms;
}

function decodeEvent(field: FieldReader): ProposedMessage {
  let id: Buffer | undefined;
  let type: string | undefined;
  let contentType: string | undefined;
  let metadata: Uint8Array = NOTHING;
  let data: Uint8Array = NOTHING;
  while (field.next()) {
    switch (field.number) {
      case 1:
        id = field.bytes();
        break;
      case 2: {
        const [key, value] = entryIn(field.inner());
        if (key === 'type') type = value;
        else if (key === 'content-type') contentType = value;
        break;
      }
      case 3:
        metadata = field.bytes();
        break;
      case 4:
        data = field.bytes();
        break;
    }
  }
  return new BatchedEvent(id, type, contentType, data, metadata);
}

class BatchedEvent implements ProposedMessage {
  constructor(
    private readonly id: Buffer | undefined,
    readonly type: string | undefined,
    readonly contentType: string | undefined,
    readonly data: Uint8Array,
    readonly metadata: Uint8Array,
  ) {}

  uuid(): Buffer {
    return uuidInMessage(this.id);
  }
}
