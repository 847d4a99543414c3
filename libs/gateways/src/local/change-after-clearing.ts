import type { Refusal, WriteAnswer } from '../lock-gateway';

/**
 * What a change comes to on a lock that had to lose the old code first: refused would mean that the old one is still
 * there, so it is for reading back.
 * @param written how the lock took the new one
 */
export function changeAfterClearing(written: WriteAnswer): WriteAnswer {
  return written.kind === 'refused' ? ended(written) : written;
}

function ended({ errorCode }: Extract<Refusal, { kind: 'refused' }>): Refusal {
  const message = `the old code was taken off, and the lock did not take the new one (${errorCode})`;
  return { kind: 'unknown', message };
}
