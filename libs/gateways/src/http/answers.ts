import { type Refusal } from '../lock-gateway';
import { type LockMaker, type GatewayClock } from './lock-maker';
import { scrub, scrubErrorCode } from './scrub';
import { type Exchange } from './transport';

type Response = Extract<Exchange, { kind: 'response' }>;

/** `body`: the parsed JSON, undefined if the answer had none; `length`: how long that was as text. */
export interface Understood {
  readonly kind: 'ok';
  readonly body: unknown;
  readonly length: number;
}

export type ApiAnswer = Understood | Refusal;

export interface AskedFor {
  readonly maker: LockMaker;
  readonly clock: GatewayClock;
  /** Does the request change something? Then an answer that says nothing leaves it open. */
  readonly write: boolean;
  /** What was sent and must not come back in a message. */
  readonly secrets: readonly string[];
}

const longestWait = 24 * 3600 * 1000;

/** What an exchange with a lock maker means, 401 aside (that is about the token, not about the request). */
export function judge(exchange: Exchange, asked: AskedFor): ApiAnswer {
  const { maker } = asked;
  if (exchange.kind === 'not-sent') {
    return { kind: 'unreachable', message: `${maker.displayName} cannot be reached (${exchange.reason}).` };
  }
  if (exchange.kind === 'lost') {
    return { kind: 'unknown', message: `${maker.displayName} did not answer (${exchange.reason}).` };
  }
  const { status } = exchange;
  if (status >= 200 && status < 300) return understood(exchange, maker);
  if (status >= 400 && status < 500) return refusedOrDown(exchange, asked);
  if (status === 503) return lockRefusal(exchange, asked) ?? down(exchange, asked);
  if (!asked.write || status === 301 || status === 302 || status === 307 || status === 308) {
    return down(exchange, asked);
  }
  return { kind: 'unknown', message: `${maker.displayName} failed while it answered (HTTP ${status}).` };
}

function understood(response: Response, maker: LockMaker): ApiAnswer {
  const { length } = response.body;
  if (response.body.trim() === '') return { kind: 'ok', body: undefined, length };
  const body = parsed(response.body);
  return body === undefined ? notUnderstood(maker, 'not JSON') : { kind: 'ok', body, length };
}

export function notUnderstood(maker: LockMaker, what: string): Refusal {
  return { kind: 'unknown', message: `${maker.displayName} gave an answer that is not understood: ${what}.` };
}

function refusedOrDown(response: Response, asked: AskedFor): Refusal {
  const { status } = response;
  if (status === 408 || status === 425 || status === 429) return down(response, asked);
  const body = errorBody(response);
  const errorCode = scrubErrorCode(body?.error_code, asked.secrets);
  // A page for people comes from a proxy or a firewall in between: it says nothing about the lock.
  if (errorCode === null && isPage(response)) return down(response, asked);
  return refused(status === 404 ? 'NOT_FOUND' : (errorCode ?? `HTTP_${status}`), body, asked);
}

/** Some makers answer 503 for one lock that is not there; that must not pass for an outage of all of them. */
function lockRefusal(response: Response, asked: AskedFor): Refusal | null {
  const body = errorBody(response);
  const errorCode = scrubErrorCode(body?.error_code, asked.secrets);
  return errorCode !== null && /^(DEVICE|LOCK|BRIDGE|HUB)_/.test(errorCode)
    ? refused(errorCode, body, asked)
    : null;
}

function refused(errorCode: string, body: { message?: unknown } | null, asked: AskedFor): Refusal {
  const words = typeof body?.message === 'string' ? scrub(body.message, asked.secrets) : '';
  const message = words === '' ? `${asked.maker.displayName} refused (${errorCode}).` : words;
  return { kind: 'refused', errorCode, message };
}

function down(response: Response, { maker, clock }: AskedFor): Refusal {
  const message = `${maker.displayName} is not serving requests (HTTP ${response.status}).`;
  const retryAfterMs = retryAfter(response, clock.now());
  return retryAfterMs === null
    ? { kind: 'unreachable', message }
    : { kind: 'unreachable', message, retryAfterMs };
}

/** Retry-After in ms: seconds, or a date, which is measured against the server's own. */
function retryAfter({ headers }: Response, now: number): number | null {
  const value = single(headers['retry-after']);
  if (value === null) return null;
  const wait = /^\d+$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Date.parse(single(headers['date']) ?? '') || now);
  return Number.isNaN(wait) ? null : Math.min(Math.max(wait, 0), longestWait);
}

const single = (header: string | string[] | undefined): string | null =>
  (Array.isArray(header) ? header[0] : header)?.trim() ?? null;

const isPage = ({ headers }: Response): boolean =>
  (single(headers['content-type']) ?? '').toLowerCase().includes('html');

export function errorBody(
  response: Response,
): { error_code?: unknown; error?: unknown; message?: unknown } | null {
  const body = parsed(response.body);
  return typeof body === 'object' && body !== null ? body : null;
}

/** Undefined if it is not JSON. The parser's own error quotes its input, so it goes nowhere. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
