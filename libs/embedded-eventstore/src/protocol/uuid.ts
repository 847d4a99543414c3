import type { UUID } from '@eventstore/db-client/generated/shared_pb';

const PATTERN = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/**
 * The 16 bytes of a UUID's text.
 * @throws RangeError when the text is no UUID
 */
export function uuidBytes(text: string): Buffer {
  if (!PATTERN.test(text)) throw new RangeError(`'${text.slice(0, 64)}' is not a UUID`);
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * A UUID off the wire, which is text from some clients and two longs from others.
 * @throws RangeError when it is missing or malformed
 */
export function uuidFromWire(uuid: UUID | undefined): Buffer {
  const structured = uuid?.getStructured();
  if (structured) {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getMostSignificantBits())), 0);
    bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getLeastSignificantBits())), 8);
    return bytes;
  }
  return uuidBytes(uuid?.getString() ?? '');
}
