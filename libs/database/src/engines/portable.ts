import { Outage } from '@latchkey/platform';
import { type RawBuilder, sql } from 'kysely';
import { type Engine } from './engine';
import { meaning } from './outages';

/**
 * Ends a select that claims rows: `query.modifyEnd(forUpdateSkipLocked(engine))`. On PostgreSQL, rows that
 * another transaction holds are skipped; SQLite has one transaction at a time, and nothing to skip.
 */
export const forUpdateSkipLocked = (engine: Engine): RawBuilder<unknown> =>
  engine === 'postgres' ? sql`for update skip locked` : sql``;

/** Whether the statement failed because a row with that key was there already. */
export function isUniqueViolation(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '23505' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || code === 'SQLITE_CONSTRAINT_UNIQUE';
}

/** A deadlock, and the errors of serializable transactions and lock timeouts. */
const TRANSIENT_CODES = /^(40001|40P01|55P03)$/;

/** Whether the same transaction, tried again, may go through: an Outage, or a deadlock. */
export function isTransient(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return meaning(error) instanceof Outage || (typeof code === 'string' && TRANSIENT_CODES.test(code));
}
