import { type ApiError } from '@latchkey/platform';
import { STATUS_CODES } from 'node:http';

/** The header by which an answer and what is logged of it find each other. */
export const REQUEST_ID = 'seam-request-id';
export const JSON_TYPE = 'application/json; charset=utf-8';

/** An error as it goes out. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

export function errorAnswer(error: ApiError): ErrorAnswer {
  const { retryAfterSeconds } = error.extra;
  return {
    status: error.status,
    headers: {
      'content-type': JSON_TYPE,
      ...(retryAfterSeconds === undefined
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
      ...(error.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: error.toBody(),
  };
}

/** An error as bytes for a bare socket, where a request never became one. */
export function rawErrorAnswer(error: ApiError, requestId: string): string {
  const { status, headers, body } = errorAnswer(error);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    [REQUEST_ID]: requestId,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', text].join('\r\n');
}
