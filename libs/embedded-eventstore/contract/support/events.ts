import { randomUUID } from 'node:crypto';
import { type JSONEventData, type ResolvedEvent, jsonEvent } from '@eventstore/db-client';

/** A stream name no other test uses, whatever the node already holds. */
export function newStream(name: string): string {
  return `contract.${name}-${randomUUID()}`;
}

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

/** 0, 1, … count-1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
