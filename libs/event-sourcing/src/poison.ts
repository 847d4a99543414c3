import { isUnstorable } from '@latchkey/database';
import { UnreadableEvent } from './codec';
import type { RecordedEvent } from './event-store';

/** An event that can be read, but not folded: there is a defect in the fold. */
export class UnfoldableEvent extends Error {
  constructor(
    readonly event: RecordedEvent,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${event.type} ${event.id} in ${event.stream}@${event.revision} can't be folded: ${reason}`, {
      cause,
    });
  }
}

/**
 * Folds an event by something pure.
 * @throws {UnreadableEvent} as it was thrown
 * @throws {UnfoldableEvent} for anything else that was
 */
export function folding<R>(event: RecordedEvent, fold: () => R): R {
  try {
    return fold();
  } catch (error) {
    throw error instanceof UnreadableEvent ? error : new UnfoldableEvent(event, error);
  }
}

/** Whether trying again will never help. Everything else passes: an unavailable database or store comes back. */
export function isPoison(error: unknown): boolean {
  return error instanceof UnreadableEvent || error instanceof UnfoldableEvent || isUnstorable(error);
}
