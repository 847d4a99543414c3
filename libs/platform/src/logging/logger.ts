import pino, { type Logger } from 'pino';
import { type LogLevel } from '../config/config';
import { outagesOnce } from './outages-once';
import { redact, redactError, redactUrl } from './redact';

/**
 * A logger that writes one JSON object a line, to standard output unless set otherwise. Whatever is logged under
 * the name of a PIN, key, token or other credential is hidden, however deep; URLs lose such parameters. `req` and
 * `res` go through their serializers (pino-http's), and lose their secrets after that. An outage is told once.
 */
export function createLogger(level: LogLevel, destination?: { write(line: string): void }): Logger {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: hide },
      hooks: { logMethod: outagesOnce() },
      serializers: { err: (error: unknown) => (error instanceof Error ? redactError(error) : error) },
      redact: {
        paths: ['req.url', 'req.headers', 'req.query', 'req.params', 'req.body', 'res.headers'],
        censor: (value, path) => (path.at(-1) === 'url' ? redactUrl(String(value)) : redact(value)),
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return hidingInChildren(logger);
}

// Pino does not pass a child's bindings through any formatter of its parent's. Children inherit from their parent,
// so this holds for theirs as well.
function hidingInChildren(logger: Logger): Logger {
  const makeChild = Reflect.get(logger, 'child') as unknown as (bindings: object, options?: object) => Logger;
  return Object.assign(logger, {
    child(this: Logger, bindings: Record<string, unknown>, options?: object): Logger {
      return makeChild.call(this, hide(bindings), options);
    },
  });
}

// Requests and responses are not copied here: their serializers pick from them what is worth a line.
function hide({ req, res, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return {
    ...(req === undefined ? {} : { req }),
    ...(res === undefined ? {} : { res }),
    ...(redact(fields) as Record<string, unknown>),
  };
}

export type { Logger };
