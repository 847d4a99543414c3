const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const NOTHING = Buffer.alloc(0);

/**
 * Reads the fields of a protobuf message one after another, for messages that come too often for the generated classes
 * or that they do not know. Own code on purpose: libraries for protobuf make objects of every
 * message, and here what is not needed of it is passed over and the rest are views on its bytes.
 */
export class FieldReader {
  /** The number of the field that `next` has come to. */
  number = 0;
  /** Of a varint, exact up to 2^53; 0 otherwise. */
  value = 0;
  private valueAt = 0;
  private contentAt = 0;
  private contentEnd = 0;

  constructor(
    private readonly message: Buffer,
    private at = 0,
    private readonly end = message.length,
  ) {}

  /**
   * Goes on to the next field.
   * @returns false when there is none
   * @throws RangeError when the bytes are no message
   */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.varint();
    this.number = Math.floor(tag / 8);
    this.value = 0;
    this.contentAt = this.contentEnd = 0;
    this.valueAt = this.at;
    switch (tag % 8) {
      case VARINT:
        this.value = this.varint();
        break;
      case LENGTH_DELIMITED: {
        const length = this.varint();
        this.contentAt = this.at;
        this.at += length;
        this.contentEnd = this.at;
        break;
      }
      case FIXED_64:
        this.at += 8;
        break;
      case FIXED_32:
        this.at += 4;
        break;
      default:
        throw new RangeError('the message has a field of no known kind');
    }
    if (this.at > this.end) throw new RangeError('the message ends within a field');
    return true;
  }

  /** Of a length-delimited field, not copied; empty otherwise. */
  bytes(): Buffer {
    return this.contentAt === this.contentEnd
      ? NOTHING
      : this.message.subarray(this.contentAt, this.contentEnd);
  }

  text(): string {
    return this.message.toString('utf8', this.contentAt, this.contentEnd);
  }

  /** The fields of the message within. */
  inner(): FieldReader {
    return new FieldReader(this.message, this.contentAt, this.contentEnd);
  }

  /** A varint as the 64 bits that it is, signed. */
  int64(): bigint {
    let value = 0n;
    let shift = 0n;
    for (let at = this.valueAt; at < this.at; at += 1) {
      value |= BigInt(this.message[at]! & 127) << shift;
      shift += 7n;
    }
    return BigInt.asIntN(64, value);
  }

  private varint(): number {
    let value = 0;
    let scale = 1;
    while (this.at < this.end) {
      const byte = this.message[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new RangeError('the message ends within a number');
  }
}

/** An entry of a map of texts; what is missing is empty. */
export function entryIn(field: FieldReader): [key: string, value: string] {
  let key = '';
  let value = '';
  while (field.next()) {
    if (field.number === 1) key = field.text();
    else if (field.number === 2) value = field.text();
  }
  return [key, value];
}
