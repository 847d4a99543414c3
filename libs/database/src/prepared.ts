import { type Compilable, type CompiledQuery, type Kysely, type QueryResult } from 'kysely';
import { inPlace } from './engines/in-place';

/** A placeholder in a statement for a value that comes later. */
class Parameter {
  constructor(readonly name: string | number) {}
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
  const statement = new Statement<T, P, R>(build);
  return {
    rows: async (db, parameters) => (await executed(db, statement.bind(db, parameters))).rows,
    run: async (db, parameters) =>
      Number((await executed(db, statement.bind(db, parameters))).numAffectedRows ?? 0n),
  };
}

/** A statement that takes a list of values besides its parameters. */
export interface PreparedIn<T, P extends object, R> {
  rows(db: Kysely<T>, parameters: P, values: readonly string[]): Promise<R[]>;
}

const LONGEST_FILLED = 1024;

/**
 * The same with a list of values, as `in` takes one. It is built once for each power of two, up to which lists are
 * filled with their last value again. With an empty list no statement is run.
 */
export function preparedIn<T, P extends object, R>(
  build: (db: Kysely<T>, parameters: P, values: readonly string[]) => Compilable<R>,
): PreparedIn<T, P, R> {
  const bySize = new Map<number, Statement<T, P, R>>();
  const sized = (size: number): Statement<T, P, R> => {
    const values = Array.from({ length: size }, (_, index) => new Parameter(index)) as unknown[];
    return new Statement<T, P, R>((db, parameters) => build(db, parameters, values as string[]));
  };
  return {
    async rows(db, parameters, values) {
      if (values.length === 0) return [];
      // Filled up, a long list might be longer than the engine takes.
      const isLong = values.length > LONGEST_FILLED;
      const size = isLong ? values.length : 2 ** Math.ceil(Math.log2(values.length));
      const statement = bySize.get(size) ?? sized(size);
      if (!isLong) bySize.set(size, statement);
      return (await executed(db, statement.bind(db, parameters, values))).rows;
    },
  };
}

/** Many rows in one statement. */
export interface PreparedRows<T, Row extends object, R> {
  rows(db: Kysely<T>, rows: readonly Row[]): Promise<R[]>;
  /** How many rows it changed. */
  run(db: Kysely<T>, rows: readonly Row[]): Promise<number>;
}

const MOST_ROWS_KEPT = 64;

/**
 * A statement that writes rows of these columns. Where it is run at once it is run row by row: the same statement each time,
 * which takes less than one of many rows. Else it is built once for each number of rows up to 64.
 */
export function preparedRows<T, Row extends object, R = unknown>(
  columns: readonly (keyof Row & string)[],
  build: (db: Kysely<T>, rows: readonly Row[]) => Compilable<R>,
): PreparedRows<T, Row, R> {
  const byCount = new Map<number, Statement<T, object, R>>();
  const counted = (count: number): Statement<T, object, R> => {
    const rows = Array.from({ length: count }, (_, n) =>
      Object.fromEntries(columns.map((column, c) => [column, new Parameter(n * columns.length + c)])),
    );
    return new Statement<T, object, R>((db) => build(db, rows as Row[]));
  };
  const many = (db: Kysely<T>, rows: readonly Row[]): CompiledQuery<R> => {
    const statement = byCount.get(rows.length) ?? counted(rows.length);
    if (rows.length <= MOST_ROWS_KEPT) byCount.set(rows.length, statement);
    return statement.bind(db, {}, inRows(rows, columns));
  };
  const named = Object.fromEntries(columns.map((column) => [column, new Parameter(column)])) as Row;
  const one = new Statement<T, Row, R>((db) => build(db, [named]));
  const written = (db: Kysely<T>, rows: readonly Row[]) => {
    const query = one.compiledFor(db);
    const done = inPlace(db)?.each(query, rows, (row) => one.valuesOf(query, row)) as
      QueryResult<R> | undefined;
    return done ?? executed(db, many(db, rows));
  };
  return {
    async rows(db, rows) {
      if (rows.length === 0) return [];
      return (await written(db, rows)).rows;
    },
    async run(db, rows) {
      if (rows.length === 0) return 0;
      return Number((await written(db, rows)).numAffectedRows ?? 0n);
    },
  };
}

/** The values of rows, one after the other: where many rows are written, lists of each row cost more than the rest. */
function inRows<Row extends object>(rows: readonly Row[], columns: readonly (keyof Row)[]): unknown[] {
  const values: unknown[] = [];
  for (const row of rows) for (const column of columns) values.push(row[column]);
  return values;
}

/** At once where that can be, else in its turn. */
function executed<T, R>(db: Kysely<T>, query: CompiledQuery<R>): QueryResult<R> | Promise<QueryResult<R>> {
  return (inPlace(db)?.one(query) as QueryResult<R> | undefined) ?? db.executeQuery(query);
}

/** One statement, built for each way to write parameters: by the adapter, which a database and its transactions share. */
class Statement<T, P extends object, R> {
  private readonly compiled = new WeakMap<object, CompiledQuery<R>>();

  constructor(private readonly build: (db: Kysely<T>, parameters: P) => Compilable<R>) {}

  bind(db: Kysely<T>, parameters: P, values: readonly unknown[] = []): CompiledQuery<R> {
    const query = this.compiledFor(db);
    return { ...query, parameters: this.valuesOf(query, parameters, values) };
  }

  compiledFor(db: Kysely<T>): CompiledQuery<R> {
    const { adapter } = db.getExecutor();
    let query = this.compiled.get(adapter);
    if (!query) this.compiled.set(adapter, (query = this.build(db, names<P>()).compile()));
    return query;
  }

  /** @param values those of a list; a place beyond its end has its last */
  valuesOf(query: CompiledQuery<R>, parameters: P, values: readonly unknown[] = []): unknown[] {
    const named = parameters as Record<string, unknown>;
    const last = values.length - 1;
    return query.parameters.map((each) => {
      if (!(each instanceof Parameter)) return each;
      return typeof each.name === 'number' ? values[Math.min(each.name, last)] : named[each.name];
    });
  }
}

const names = <P>(): P => new Proxy({}, { get: (_, name) => new Parameter(String(name)) }) as P;
