import { type Driver, type Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { patiently } from './patience';
import { DeadlinePool } from './postgres-pool';

/** How a PostgreSQL database is opened. */
export interface PostgresOptions {
  /** A connection string, postgres://… */
  url: string;
  /** The schema that holds the tables; made if need be. */
  schema?: string;
  /** Connections at most; 10 by default. */
  poolSize?: number;
}

const INT8: number = pg.types.builtins.INT8;

// Instants and counters are int8, which pg gives as text by default; ours stay below 2^53.
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    return oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as unknown);
  },
};

/** How long a connection may take to be made, or one in use to become free, ms. */
const CONNECT_WITHIN_MS = 4_000;
/** TCP keepalive begins on an idle connection after this long, ms, and then asks every second, ten times. */
const KEEP_ALIVE_AFTER_MS = 5_000;

/** Kysely's PostgreSQL dialect over a pool of its own, whose connections see only `schema`. */
export function postgresDialect({ url, schema, poolSize = 10 }: PostgresOptions): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    types,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    application_name: 'latchkey',
  });
  return new QuietlyRollingBack({
    pool: new DeadlinePool(pool, schema === undefined ? undefined : quoted(schema)),
  });
}

/** A rollback that fails, on a connection that is gone, must not hide the error that led to it. */
class QuietlyRollingBack extends PostgresDialect {
  override createDriver(): Driver {
    const driver = super.createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.rollbackTransaction = (connection) => rollback(connection).catch(() => undefined);
    return driver;
  }
}

/**
 * Makes a schema unless it is there. ("if not exists" still collides when two instances make it at the same time,
 * and needs the right to make one even where there is nothing to make.)
 */
export async function makeSchema<T>(db: Kysely<T>, schema: string): Promise<void> {
  await patiently(() =>
    db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('latchkey schema', 0))`.execute(trx);
      const found = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(trx);
      if (found.rows.length === 0) await sql.raw(`create schema ${quoted(schema)}`).execute(trx);
    }),
  );
}

/** A name as SQL wants it between quotes. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
