/** Reads the fields of a protobuf message, for what the generated classes do not know. */

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

export interface Field {
  readonly number: number;
  /** Of a varint; 0 otherwise. Exact up to 2^53. */
  readonly value: number;
  /** Of a length-delimited field; empty otherwise. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * The fields of a message, in order.
 * @throws RangeError when the bytes are no message
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = message[at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT:
        yield { number, value: varint(), bytes: NOTHING };
        break;
      case LENGTH_DELIMITED: {
        const length = varint();
        if (at + length > message.length) throw new RangeError('the message ends within a field');
        yield { number, value: 0, bytes: message.subarray(at, at + length) };
        at += length;
        break;
      }
      case FIXED_64:
        at += 8;
        break;
      case FIXED_32:
        at += 4;
        break;
      default:
        throw new RangeError('the message has a field of no known kind');
    }
  }
}
