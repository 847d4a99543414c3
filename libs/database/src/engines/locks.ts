import { type Kysely, sql } from 'kysely';
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
