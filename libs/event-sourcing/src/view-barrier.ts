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

/** Lets a read wait for what was answered before the views had it. */
export interface ReadBarrier {
  /**
   * Whoever reads next waits until the views have passed the position. Where other processes read them as well, it is
   * waited for now.
   * @throws {ViewsBehind} when they have not in time
   */
  beforeNextRead(position: Position): Promise<void>;
  /**
   * What a read has to wait for; undefined: nothing.
   * @throws {ViewsBehind} when the views have not passed it in time
   */
  readable(): Promise<void> | undefined;
}

export const READ_BARRIER = Symbol('READ_BARRIER');

/** The request was carried out, and its result can't be read yet. */
export class ViewsBehind extends Outage {
  constructor() {
    super('views', 'they have not folded in time what was asked for');
  }
}
