import type { CompiledQuery, QueryResult } from 'kysely';

/** Runs a statement at once; undefined: it has to take its turn with others on the connection. */
export type RunInPlace = (query: CompiledQuery) => QueryResult<unknown> | undefined;

/** By the database, or the transaction. */
const ways = new WeakMap<object, RunInPlace>();

/**
 * Statements that were built before are run past the query builder, which hands each through a dozen promises: that takes
 * as long as a small statement itself. On PostgreSQL nothing runs at once.
 */
export function runInPlace<R>(db: object, query: CompiledQuery<R>): QueryResult<R> | undefined {
  return ways.get(db)?.(query) as QueryResult<R> | undefined;
}

/** Says how statements of a database are run in place. */
export function runsInPlace(db: object, run: RunInPlace): void {
  ways.set(db, run);
}

/** The same for as long as a transaction lasts. */
export async function whileInPlace<R>(trx: object, run: RunInPlace, work: () => Promise<R>): Promise<R> {
  ways.set(trx, run);
  try {
    return await work();
  } finally {
    ways.delete(trx);
  }
}
