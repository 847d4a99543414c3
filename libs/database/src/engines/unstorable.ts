const UNSTORABLE_CODES = /^(22...|23...|54000|SQLITE_(CONSTRAINT|TOOBIG|MISMATCH)\w*)$/;

/** A value that no database accepts. */
export class UnstorableValue extends TypeError {}

/**
 * Whether a statement was refused for the values in it: a text with U+0000, a row that breaks a rule. Everything else
 * is the database's own fault, and the same statement may go through later.
 */
export function isUnstorable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof UnstorableValue || (typeof code === 'string' && UNSTORABLE_CODES.test(code));
}
