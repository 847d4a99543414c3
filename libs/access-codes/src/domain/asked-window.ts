import { Refusal } from '@latchkey/event-sourcing';
import type { Window } from './content';

/**
 * A period as it was asked for; null for none.
 * @throws {Refusal} for one end without the other, or an end that is not after the start
 */
export function askedWindow(startsAt: number | undefined, endsAt: number | undefined): Window | null {
  if (startsAt === undefined && endsAt === undefined) return null;
  if (startsAt === undefined) {
    throw Refusal.invalid('A code with an end needs a start.', { startsAt: 'is required with ends_at' });
  }
  if (endsAt === undefined) {
    throw Refusal.invalid('A code with a start needs an end.', { endsAt: 'is required with starts_at' });
  }
  checkOrder(startsAt, endsAt);
  return { startsAt, endsAt };
}

/** @throws {Refusal} for an end that is not after the start, where both are asked for */
export function checkOrder(startsAt: number | undefined, endsAt: number | undefined): void {
  if (startsAt === undefined || endsAt === undefined || endsAt > startsAt) return;
  throw Refusal.invalid('The code would end before it starts.', { endsAt: 'must be after starts_at' });
}

/** @throws {Refusal} for a code that would have ended already, at an instant (ms) */
export function checkNotOver(window: Window | null, now: number): void {
  if (!window || window.endsAt > now) return;
  const clock = `the clock here reads ${new Date(now).toISOString()}`;
  throw Refusal.invalid(`The code would have ended already: ${clock}.`, {
    endsAt: `must lie in the future: ${clock}`,
  });
}

/** @throws {Refusal} for a code without an end that is given one, or a start */
export function checkOngoing(startsAt: number | undefined, endsAt: number | undefined): void {
  if (startsAt === undefined && endsAt === undefined) return;
  throw Refusal.invalid('An ongoing code has neither start nor end.', {
    type: 'must not be ongoing together with starts_at or ends_at',
  });
}
