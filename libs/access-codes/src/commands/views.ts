import type { Position } from '@latchkey/event-sourcing';

/** Lets an answer wait until everything that can be read has what was written. */
export interface Views {
  /** Resolves when the views have passed the position, or when waiting any longer would do no good. */
  reached(position: Position | undefined): Promise<void>;
  /** The same for everything that this process has written. */
  caughtUp(): Promise<void>;
}

export const VIEWS = Symbol('VIEWS');
export const STREAMS = Symbol('STREAMS');
