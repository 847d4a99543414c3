import type { FieldReader } from '@latchkey/eventstore-wire';
import type { Position } from '../../event-store';

/** A message of two numbers, commit and prepare position, in this order. */
export function positionIn(field: FieldReader): Position {
  let commit = 0n;
  let prepare = 0n;
  while (field.next()) {
    if (field.number === 1) commit = unsigned(field);
    else if (field.number === 2) prepare = unsigned(field);
  }
  return { commit, prepare };
}

/** A varint of up to 64 bits. */
export function unsigned(field: FieldReader): bigint {
  return field.value <= Number.MAX_SAFE_INTEGER ? BigInt(field.value) : BigInt.asUintN(64, field.int64());
}
