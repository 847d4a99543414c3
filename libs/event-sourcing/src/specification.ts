import type { DomainEvent, Happened } from './codec';
import type { Fold } from './decider';

/** Reads as a specification: `given(fold, [happened…]).when((state) => decision).then([events])`. */
export function given<S, E extends DomainEvent>(fold: Fold<S, E>, events: readonly Happened<E>[]) {
  const state = events.reduce((folded, event) => fold.evolve(folded, event), fold.initial);
  return {
    state,
    when<R>(decide: (state: S) => R) {
      return {
        then(expected: R): void {
          expect(decide(state)).toEqual(expected);
        },
        thenMatches(expected: object): void {
          expect(decide(state)).toMatchObject(expected);
        },
        thenFails(message: string | RegExp): void {
          expect(() => decide(state)).toThrow(message);
        },
      };
    },
  };
}
