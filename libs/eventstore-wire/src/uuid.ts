import { FieldReader } from './field-reader';

/** Field numbers of EventStoreDB's shared.proto. */
const STRUCTURED = 1;
const TEXT = 2;
const MOST_SIGNIFICANT = 1;
const LEAST_SIGNIFICANT = 2;

/** A UUID message that is text with dashes, as most are: its field, its length, and so many bytes. */
const TEXT_TAG = (TEXT << 3) | 2;
const TEXT_LENGTH = 36;

const NOTHING: Buffer = Buffer.alloc(0);
/** As it is written by us and by most. */
const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const DASH = 0x2d;
const NO_DIGIT = 255;
const DIGITS = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase());
  return digit < 0 ? NO_DIGIT : digit;
});

/**
 * The 16 bytes of a UUID's text, with its dashes or without.
 * @throws RangeError when the text is no UUID
 */
export function uuidBytes(text: string): Buffer {
  return uuidIn(Buffer.from(text, 'utf8'));
}

function uuidIn(text: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  let digits = 0;
  let high = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text[at]!;
    if (code === DASH && text[at - 1] !== DASH && isBetweenGroups(digits)) continue;
    const digit = DIGITS[code]!;
    if (digit === NO_DIGIT || digits === 32) throw noUuid(text);
    if ((digits & 1) === 0) high = digit << 4;
    else bytes[digits >> 1] = high | digit;
    digits += 1;
  }
  if (digits !== 32) throw noUuid(text);
  return bytes;
}

function isBetweenGroups(digits: number): boolean {
  return digits === 8 || digits === 12 || digits === 16 || digits === 20;
}

function noUuid(text: Uint8Array): RangeError {
  return new RangeError(`'${Buffer.from(text).toString('utf8').slice(0, 64)}' is not a UUID`);
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A UUID message as text, in lower case and with dashes.
 * @param message as it came off the wire; undefined when it did not come
 * @throws RangeError when it is missing or malformed
 */
export function uuidTextInMessage(message: Buffer | undefined): string {
  if (isTextWithDashes(message)) {
    const text = message.toString('latin1', 2);
    if (CANONICAL.test(text)) return text;
  }
  return uuidText(uuidInMessage(message));
}

/**
 * The 16 bytes of a UUID message, which is text from some clients and two longs from others.
 * @param message as it came off the wire; undefined when it did not come
 * @throws RangeError when it is missing or malformed
 */
export function uuidInMessage(message: Buffer | undefined): Buffer {
  if (isTextWithDashes(message)) return uuidIn(message.subarray(2));
  let text = NOTHING;
  let structured: Buffer | undefined;
  for (const field = new FieldReader(message ?? NOTHING); field.next();) {
    if (field.number === TEXT) {
      text = field.bytes();
      structured = undefined;
    } else if (field.number === STRUCTURED) {
      structured = uuidOfLongs(field.inner());
    }
  }
  return structured ?? uuidIn(text);
}

/** By its length alone: what stands there is still to be read. */
const isTextWithDashes = (message: Buffer | undefined): message is Buffer =>
  message?.[0] === TEXT_TAG && message[1] === TEXT_LENGTH && message.length === TEXT_LENGTH + 2;

function uuidOfLongs(longs: FieldReader): Buffer {
  const bytes = Buffer.alloc(16);
  while (longs.next()) {
    if (longs.number === MOST_SIGNIFICANT) bytes.writeBigInt64BE(longs.int64(), 0);
    if (longs.number === LEAST_SIGNIFICANT) bytes.writeBigInt64BE(longs.int64(), 8);
  }
  return bytes;
}
