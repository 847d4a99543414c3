import { Outage } from '@latchkey/platform';
import type { Position } from './event-store';

/** Lets an answer wait until the views have what was written. */
export interface ViewBarrier {
  /**
   * Resolves when the views have passed the position.
   * @throws {ViewsBehind} when it has not in time
   */
  reached(position: Position | undefined): Promise<void>;
  /** Waits for everything that this process has written. */
  caughtUp(): Promise<void>;
}

export const VIEW_BARRIER = Symbol('VIEW_BARRIER');

/** The request was carried out, and its result can't be read yet. */
export class ViewsBehind extends Outage {
  constructor() {
    super('views', 'they have not folded in time what was asked for');
  }
}
