import type { Position } from './event-store';

/** Lets an answer wait until everything that can be read has what was written. */
export interface ViewBarrier {
  /** Resolves when the views have passed the position, or when waiting any longer would do no good. */
  reached(position: Position | undefined): Promise<void>;
  /** The same for everything that this process has written. */
  caughtUp(): Promise<void>;
}

export const VIEW_BARRIER = Symbol('VIEW_BARRIER');
