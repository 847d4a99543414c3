import { MINUTE } from '../clock/durations';
import type { LogFn } from 'pino';
import { Outage } from '../errors/outage';

/** An outage is over when it caused no error for this long, ms; the next error is another outage. */
const OVER_AFTER_MS = MINUTE;

/**
 * A hook for pino that logs each outage once, in one short line without a stack: otherwise everything that meets it
 * would log it again.
 */
export function outagesOnce(now: () => number = () => performance.now()) {
  const lastSeen = new Map<string, number>();
  return function (this: unknown, args: Parameters<LogFn>, method: LogFn): void {
    const outage = outageIn(args[0]);
    if (!outage) return method.apply(this, args);
    const last = lastSeen.get(outage.part);
    lastSeen.set(outage.part, now());
    if (last !== undefined && now() - last < OVER_AFTER_MS) return;
    const fields = { ...(args[0] as object), err: undefined, part: outage.part };
    const said = typeof args[1] === 'string' ? `${args[1]}: ` : '';
    method.apply(this, [fields, said + outage.message]);
  };
}

function outageIn(logged: unknown): Outage | undefined {
  if (logged instanceof Outage) return logged;
  const { err } = (logged ?? {}) as { err?: unknown };
  return err instanceof Outage ? err : undefined;
}
