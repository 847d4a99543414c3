import { type RawBuilder, sql } from 'kysely';

/** The columns that a list is ordered by: an instant, and what tells rows of one instant apart. */
export interface ListOrder {
  readonly at: string;
  readonly id: string;
}

/** A place in such a list: that of a row, whether or not it is still there. */
export interface ListPlace {
  readonly at: number;
  readonly id: string | number;
}

/**
 * A condition: the row comes after a place in the list and, where another place is given, not after that one. The first
 * bound is also said of the instant alone, so that every engine finds the place in the index.
 */
export function between(order: ListOrder, after: ListPlace, upTo?: ListPlace): RawBuilder<boolean> {
  const [at, id] = [sql.ref(order.at), sql.ref(order.id)];
  const begins = sql<boolean>`${at} >= ${after.at} and (${at}, ${id}) > (${after.at}, ${after.id})`;
  return upTo ? sql<boolean>`(${begins} and (${at}, ${id}) <= (${upTo.at}, ${upTo.id}))` : begins;
}
