const HIGH = 0x100000000;

/** Bytes a non-negative integer takes as a varint. */
export function lengthOfVarint(value: number): number {
  let length = 1;
  let rest = value;
  while (rest >= 128) {
    rest = Math.floor(rest / 128);
    length += 1;
  }
  return length;
}

/** Bytes of a field whose number is below 16, with `length` bytes in it. */
export const lengthOfField = (length: number): number => 1 + lengthOfVarint(length) + length;

/** Writes protobuf fields into one buffer whose size is known, or at least bounded, beforehand. */
export class FieldWriter {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  varintField(field: number, value: number): void {
    this.buffer[this.at++] = field << 3;
    this.varint(value);
  }

  bigVarintField(field: number, value: bigint): void {
    this.buffer[this.at++] = field << 3;
    let rest = value;
    while (rest >= 128n) {
      this.buffer[this.at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.at++] = Number(rest);
  }

  /** The head of a field whose `length` bytes are written next. */
  lengthDelimited(field: number, length: number): void {
    this.buffer[this.at++] = (field << 3) | 2;
    this.varint(length);
  }

  bytesField(field: number, bytes: Uint8Array): void {
    this.lengthDelimited(field, bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** @param length of the text as UTF-8, bytes */
  textField(field: number, text: string, length: number): void {
    this.lengthDelimited(field, length);
    this.at += this.buffer.write(text, this.at, length, 'utf8');
  }

  /** The bytes that were written last, not copied. */
  last(length: number): Buffer {
    return this.buffer.subarray(this.at - length, this.at);
  }

  mapEntry(field: number, key: Uint8Array, value: Uint8Array): void {
    this.lengthDelimited(field, 3 + lengthOfVarint(value.length) + key.length + value.length);
    this.bytesField(1, key);
    this.bytesField(2, value);
  }

  /** The message, when the one length below 128 at `offset` was not known before what follows it. */
  finishWithLengthAt(offset: number): Buffer {
    this.buffer[offset] = this.at - offset - 1;
    return this.finish();
  }

  finish(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  private varint(value: number): void {
    let rest = value;
    while (rest >= HIGH) {
      this.buffer[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    let low = rest >>> 0;
    while (low >= 128) {
      this.buffer[this.at++] = (low & 127) | 128;
      low >>>= 7;
    }
    this.buffer[this.at++] = low;
  }
}
