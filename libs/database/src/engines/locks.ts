import { type Kysely, PostgresAdapter, sql } from 'kysely';
import { type Engine } from './engine';

/**
 * Holds the lock of that name, within the schema, until the transaction ends; others who want it wait. On SQLite
 * the transaction itself is that lock.
 */
export async function lockUntilCommit<T>(trx: Kysely<T>, engine: Engine, name: string): Promise<void> {
  if (engine === 'sqlite') return;
  const key = sql`hashtextextended(coalesce(current_schema(), '') || ${`/${name}`}, 0)`;
  await sql`select pg_advisory_xact_lock(${key})`.execute(trx);
}

/**
 * Creates an index that another transaction may create in the same moment; `create` says "if not exists". By itself that
 * does not do on PostgreSQL: the later of the two fails when the first one commits.
 */
export async function createIndexOnce<T>(
  trx: Kysely<T>,
  name: string,
  create: () => Promise<void>,
): Promise<void> {
  const isPostgres = trx.getExecutor().adapter instanceof PostgresAdapter;
  await lockUntilCommit(trx, isPostgres ? 'postgres' : 'sqlite', `index ${name}`);
  await create();
}
