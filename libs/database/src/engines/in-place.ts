import type { CompiledQuery, QueryResult } from 'kysely';

/** Runs statements at once; undefined: they have to take their turn with others on the connection. */
export interface InPlace {
  one(query: CompiledQuery): QueryResult<unknown> | undefined;
  /** The same statement once for each row. */
  each<Row>(
    query: CompiledQuery,
    rows: readonly Row[],
    parametersOf: (row: Row) => readonly unknown[],
  ): QueryResult<unknown> | undefined;
}

/** By the database, or the transaction. */
const ways = new WeakMap<object, InPlace>();

/**
 * Statements that were built before are run past the query builder, which hands each through a dozen promises: that takes
 * as long as a small statement itself. On PostgreSQL nothing runs at once.
 */
export const inPlace = (db: object): InPlace | undefined => ways.get(db);

/** Says how statements of a database are run in place. */
export function runsInPlace(db: object, way: InPlace): void {
  ways.set(db, way);
}

/** The same for as long as a transaction lasts. */
export async function whileInPlace<R>(trx: object, way: InPlace, work: () => Promise<R>): Promise<R> {
  ways.set(trx, way);
  try {
    return await work();
  } finally {
    ways.delete(trx);
  }
}
