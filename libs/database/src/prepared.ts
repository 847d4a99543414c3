import { type Compilable, type CompiledQuery, type Kysely } from 'kysely';

/** Stands in a statement for a value that comes later. */
class Parameter {
  constructor(readonly name: string) {}
}

/** A statement that was built once. */
export interface Prepared<T, P extends object, R> {
  /** Its rows: what was selected or is returned. */
  rows(db: Kysely<T>, parameters: P): Promise<R[]>;
  /** How many rows it changed. */
  run(db: Kysely<T>, parameters: P): Promise<number>;
}

/**
 * Builds a statement at its first use and never again: for one that runs all the time, building it costs several
 * times what running it does. `parameters.x` may stand wherever the query builder takes a value to bind, and
 * nowhere else (no lists, nothing that is looked at while building).
 */
export function prepared<T, P extends object, R>(
  build: (db: Kysely<T>, parameters: P) => Compilable<R>,
): Prepared<T, P, R> {
  // By the adapter, which a database and its transactions share: dialects write parameters differently.
  const compiled = new WeakMap<object, CompiledQuery<R>>();
  const names = new Proxy({} as P, { get: (_, name) => new Parameter(String(name)) });
  const bind = (db: Kysely<T>, parameters: P): CompiledQuery<R> => {
    const { adapter } = db.getExecutor();
    let query = compiled.get(adapter);
    if (!query) compiled.set(adapter, (query = build(db, names).compile()));
    const values = parameters as Record<string, unknown>;
    return {
      ...query,
      parameters: query.parameters.map((each) => (each instanceof Parameter ? values[each.name] : each)),
    };
  };
  return {
    rows: async (db, parameters) => (await db.executeQuery(bind(db, parameters))).rows,
    run: async (db, parameters) =>
      Number((await db.executeQuery(bind(db, parameters))).numAffectedRows ?? 0n),
  };
}
