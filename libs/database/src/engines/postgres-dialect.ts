import { CompiledQuery, PostgresDialect } from 'kysely';
import pg from 'pg';

/** How a PostgreSQL database is opened. */
export interface PostgresOptions {
  /** A connection string, postgres://… */
  url: string;
  /** The schema that holds the tables; made if need be. */
  schema?: string;
  /** Connections at most. 10 unless told otherwise. */
  poolSize?: number;
}

const INT8: number = pg.types.builtins.INT8;

// Instants and counters are int8, which pg gives as text by default; ours stay below 2^53.
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    return oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as unknown);
  },
};

/** Kysely's PostgreSQL dialect over a pool of its own, whose connections look into `schema` alone. */
export function postgresDialect({ url, schema, poolSize = 10 }: PostgresOptions): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'latchkey',
  });
  // An idle connection that breaks leaves the pool by itself; without a listener it would end the process.
  pool.on('error', () => {});
  return new PostgresDialect({
    pool,
    onCreateConnection: async (connection) => {
      if (schema === undefined) return;
      await connection.executeQuery(
        CompiledQuery.raw('select set_config($1, $2, false)', ['search_path', quoted(schema)]),
      );
    },
  });
}

/** A name as SQL wants it between quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
