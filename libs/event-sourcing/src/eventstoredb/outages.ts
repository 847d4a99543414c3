import { isCommandError } from '@eventstore/db-client';
import { Outage } from '@latchkey/platform';

const EVENT_STORE = 'event store';

/** gRPC's numbers of what passes by itself. */
const PASSING = new Map([
  [1, 'the connection was given up'], // CANCELLED
  [4, 'no answer in time'], // DEADLINE_EXCEEDED
  [8, 'no room left'], // RESOURCE_EXHAUSTED
  [10, 'no answer in time'], // ABORTED, which a real server sends for its own timeouts
  [14, 'no connection'], // UNAVAILABLE
]);
const DATA_LOSS = 15;
/** A leader that steps down has no number of its own. */
const PASSING_TYPES = ['not-leader', 'unavailable', 'cancelled', 'deadline-exceeded', 'timeout'];
/** What the client throws, without code or message, when the store could not write and did not say why. */
const UNSAID = 'unknown';
/** What the client throws without a number when a connection ends under it, or no node of a cluster answers. */
const PASSING_MESSAGES =
  /Failed to discover|RST_STREAM|[Cc]hannel has been (closed|shut down)|[Ss]ession closed|Premature close/;

/** The event store has found that its data are damaged. Trying again does not help. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}

/** No answer came from the event store within its time. */
export class StoreSilent extends Outage {
  constructor(what: string, afterMs: number) {
    super(EVENT_STORE, `no answer to ${what} within ${afterMs / 1000} s`);
  }
}

/** The client's error by its meaning: an Outage where it passes, StoreDamaged, or the error itself. */
export function meaning(error: unknown): unknown {
  if (error instanceof Outage || error instanceof StoreDamaged) return error;
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string };
  const words = withoutNumber(message ?? '');
  if (code === DATA_LOSS) return new StoreDamaged(words, { cause: error });
  const passing = typeof code === 'number' ? PASSING.get(code) : undefined;
  const type: unknown = isCommandError(error as Error) ? (error as { type: string }).type : '';
  if (passing !== undefined || PASSING_TYPES.includes(String(type)) || PASSING_MESSAGES.test(words)) {
    return new Outage(EVENT_STORE, words || (passing ?? 'no answer in time'), { cause: error });
  }
  if (type === UNSAID && words === '') return new Outage(EVENT_STORE, 'it could not write', { cause: error });
  return error;
}

/**
 * Whether a rejection that nobody handles is one that the client leaves behind: when a connection breaks under
 * appends that wait for room in it, it rejects promises of its own besides those that it returned.
 */
export function isLeftByClient(rejection: unknown): boolean {
  const { code } = (rejection ?? {}) as { code?: unknown };
  return typeof code === 'number' && meaning(rejection) instanceof Outage;
}

/**
 * Whether an exception that nobody caught is the client's own, about an answer to an append that came after the client
 * had given up all appends: it looks for who waits, in a list that all clients share, and finds nobody. Whoever waited
 * has been told that the outcome is unknown.
 */
export function isLateAnswer(exception: unknown): boolean {
  if (!(exception instanceof TypeError)) return false;
  return /not iterable/.test(exception.message) && /db-client.+batchAppend/.test(exception.stack ?? '');
}

/** gRPC puts its code and name before the message. */
const withoutNumber = (message: string): string =>
  message.replace(/^\d+ [A-Z_]+: | *Resolution note:.*/gs, '');
