import type { Kysely } from 'kysely';
import type { Database } from './database';
import { KeptRows } from './kept-rows';

/** Rows that are kept in memory for each database that they are read from. */
export interface KeptPerDatabase<V extends object> {
  of<T>(database: Database<T>): KeptRows<V>;
  /** This process has changed them. @param db their database, or a transaction of it */
  forget<T>(db: Kysely<T>): void;
}

/**
 * @param max how many are kept at most, of each database
 * @param sizeOf as how many one counts; left out: each as one
 */
export function keptPerDatabase<V extends object>(
  max: number,
  sizeOf?: (value: V) => number,
): KeptPerDatabase<V> {
  /** By the adapter, which a database and its transactions share. */
  const ofDatabases = new WeakMap<object, KeptRows<V>>();
  return {
    of(database) {
      const { adapter } = database.db.getExecutor();
      const kept = ofDatabases.get(adapter) ?? new KeptRows<V>(database, max, sizeOf);
      ofDatabases.set(adapter, kept);
      return kept;
    },
    forget: (db) => ofDatabases.get(db.getExecutor().adapter)?.forget(),
  };
}
