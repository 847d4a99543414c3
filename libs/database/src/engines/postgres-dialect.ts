import { CompiledQuery, type Kysely, PostgresDialect, sql } from 'kysely';
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
  // A connection that breaks leaves the pool by itself and fails the statement that is under way on it. Without
  // listeners, for idle ones here and for each one in use, its error event would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
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

/**
 * Makes a schema unless it is there. ("if not exists" still collides when two instances make it at the same time,
 * and needs the right to make one even where there is nothing to make.)
 */
export async function makeSchema<T>(db: Kysely<T>, schema: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('latchkey schema', 0))`.execute(trx);
    const found = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(trx);
    if (found.rows.length === 0) await sql.raw(`create schema ${quoted(schema)}`).execute(trx);
  });
}

/** A name as SQL wants it between quotes. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
