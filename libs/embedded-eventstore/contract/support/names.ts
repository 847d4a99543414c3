import { randomUUID } from 'node:crypto';

/** A stream name no other test uses, whatever the node already holds. */
export function newStream(name: string): string {
  return `contract.${name}-${randomUUID()}`;
}

/** 0, 1, … count-1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
