import type { UUID } from '@eventstore/db-client/generated/shared_pb';
import { uuidBytes } from '@latchkey/eventstore-wire';

/**
 * The 16 bytes of a UUID message that a generated class has read.
 * @throws RangeError when it is missing or malformed
 */
export function uuidFromWire(uuid: UUID | undefined): Buffer {
  const structured = uuid?.getStructured();
  if (!structured) return uuidBytes(uuid?.getString() ?? '');
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getMostSignificantBits())), 0);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getLeastSignificantBits())), 8);
  return bytes;
}
