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

const TRANSIENT_CODES =
  /^(40001|40P01|55P03|57P0[1-3]|53300|08...|ECONN\w+|EPIPE|ETIMEDOUT|EAI_AGAIN|SQLITE_BUSY\w*)$/;
// pg gives these no code.
const TRANSIENT_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when)/;

/** Whether the same transaction, tried again, may go through: a deadlock, a lost connection, a busy file. */
export function isTransient(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (
    (typeof code === 'string' && TRANSIENT_CODES.test(code)) ||
    (typeof message === 'string' && TRANSIENT_MESSAGES.test(message))
  );
}
