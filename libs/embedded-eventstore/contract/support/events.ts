import { type JSONEventData, type ResolvedEvent, jsonEvent } from '@eventstore/db-client';

export { newStream, range } from './names';

/** A JSON event that carries its number. */
export function numbered(n: number, type = 'Numbered'): JSONEventData {
  return jsonEvent({ type, data: { n } });
}

/** `count` events numbered from `from`. */
export function numberedFrom(from: number, count: number, type = 'Numbered'): JSONEventData[] {
  return Array.from({ length: count }, (_, i) => numbered(from + i, type));
}

/** The numbers that events made by `numbered` carry, in the order received. */
export function numbersOf(events: readonly ResolvedEvent[]): number[] {
  return events.map(({ event }) => (event?.data as { n: number }).n);
}
