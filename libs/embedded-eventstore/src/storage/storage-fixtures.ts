import { randomBytes } from 'node:crypto';
import { type ProposedEvent } from './stored-event';

/** For tests: an event with `size` random bytes of data. */
export function randomEvent(size: number): ProposedEvent {
  return {
    id: randomBytes(16),
    type: 'Sampled',
    isJson: false,
    data: randomBytes(size),
    metadata: new Uint8Array(0),
  };
}
