import { Outage } from '@latchkey/platform';

const DATABASE = 'database';

/**
 * PostgreSQL: lost connections (08), no room, memory or connections (53), a server that ends or cancels (57), input
 * and output (58), one that is read-only, as after a failover (25006), a transaction that was left idle (25P03), and what
 * is over once its operator has put it right: tables (42P01), schemas (3F000) or privileges (42501) that are missing.
 */
const POSTGRES = /^(08...|53...|57P0[1-5]|57014|58...|25006|25P0[23]|42P01|3F000|42501)$/;
const NETWORK =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/;
const SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|NOMEM|READONLY|CANTOPEN|PROTOCOL)/;
/** pg gives these no code. */
const MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when|Client was closed)/;

/** No answer came from the database within its time. */
export class DatabaseSilent extends Outage {
  constructor(afterMs: number) {
    super(DATABASE, `no answer within ${afterMs / 1000} s`);
  }
}

/** A driver's error by its meaning: an Outage where it passes by itself, otherwise the error itself. */
export function meaning(error: unknown): unknown {
  if (error instanceof Outage) return error;
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  const text = typeof code === 'string' ? code : '';
  const passes = POSTGRES.test(text) || NETWORK.test(text) || SQLITE.test(text) || MESSAGES.test(message);
  return passes ? new Outage(DATABASE, message || text, { cause: error }) : error;
}
