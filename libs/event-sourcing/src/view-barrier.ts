import { Outage } from '@latchkey/platform';
import type { Position } from './event-store';

/** Lets an answer wait until everything that can be read has what was written. */
export interface ViewBarrier {
  /**
   * Resolves when what is read has passed the position.
   * @throws {ViewsBehind} when it has not in time
   */
  reached(position: Position | undefined): Promise<void>;
  /** Waits for everything that this process has written, as long as that does good. */
  caughtUp(): Promise<void>;
}

export const VIEW_BARRIER = Symbol('VIEW_BARRIER');

/** What was asked for is done, and can't be read yet. */
export class ViewsBehind extends Outage {
  constructor() {
    super('views', 'they have not folded in time what was asked for');
  }
}
