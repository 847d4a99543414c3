import pino, { type Logger } from 'pino';
import { type LogLevel } from '../config/config';
import { redact, redactError } from './redact';

/**
 * A logger that writes one JSON object a line, to standard output unless told otherwise. Whatever is logged under
 * the name of a PIN, key, token or other credential is hidden, however deep; URLs lose such parameters.
 */
export function createLogger(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const hide = (fields: object) => redact(fields) as Record<string, unknown>;
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: hide, bindings: hide },
      serializers: { err: (error: unknown) => (error instanceof Error ? redactError(error) : redact(error)) },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

export type { Logger };
