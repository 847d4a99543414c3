import type { DomainEvent, Happened } from './codec';
import { evolved, type Fold } from './decider';
import { Refusal } from './refusal';

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

/**
 * What happens when a command comes twice: decided on a state, and again on the state that this led to, both at one
 * instant (ms). A refusal is no event.
 */
export function decidedTwice<S, E extends DomainEvent>(
  fold: Fold<S, E>,
  state: S,
  decide: (state: S) => readonly E[],
  at: number,
): { readonly first: readonly E[]; readonly again: readonly E[] } {
  const first = unlessRefused(() => decide(state));
  const after = evolved(fold, state, first, at);
  return { first, again: unlessRefused(() => decide(after)) };
}

function unlessRefused<E>(decide: () => readonly E[]): readonly E[] {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/**
 * The functions of a module that decide on events. A record over them names every one, or does not compile; so a new
 * command can't be left out of a test of all.
 */
export type DecidersOf<M, E extends DomainEvent> = {
  [K in keyof M]: M[K] extends (...given: never[]) => infer R
    ? [Exclude<R, string>] extends [readonly E[]]
      ? K
      : never
    : never;
}[keyof M];
