import { type RawBuilder, sql } from 'kysely';
import { type Engine } from './engine';

/**
 * Ends a select that claims rows: `query.modifyEnd(forUpdateSkipLocked(engine))`. On PostgreSQL, rows that
 * another transaction holds are passed over; SQLite has one transaction at a time, and nothing to pass over.
 */
export const forUpdateSkipLocked = (engine: Engine): RawBuilder<unknown> =>
  engine === 'postgres' ? sql`for update skip locked` : sql``;

/** Whether the statement failed because a row with that key was there already. */
export function isUniqueViolation(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '23505' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE';
}

/** Whether the same transaction, tried again, may go through: a deadlock, a lost connection, a busy file. */
export function isTransient(error: unknown): boolean {
  const code = String((error as { code?: unknown } | null)?.code);
  return /^(40001|40P01|55P03|57P0[1-3]|53300|08...|ECONN\w+|EPIPE|ETIMEDOUT|SQLITE_BUSY\w*)$/.test(code);
}
