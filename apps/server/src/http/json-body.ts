import { ApiError } from '@latchkey/platform';
import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A body beyond this is refused, bytes. */
export const BODY_LIMIT = 256 * 1024;
/** One beyond this is not even waited for: the connection is cut. */
const PATIENCE = 16 * 1024 * 1024;
/** Where the page goes on which somebody says how a local system is reached. */
const FORM = '/connect_webviews/local';
/** Deeper nesting than any parameter has. */
const DEEPEST = 32;

/**
 * Reads JSON bodies, and refuses all others. One that is too big is read to its end and dropped before it is
 * answered: a client that is still writing when its connection closes never sees the answer.
 */
export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  // A filter in the body of a GET, as curl and Seam's own examples send it, must not be dropped.
  // HEAD is answered as GET would be.
  for (const method of ['GET', 'HEAD'] as const)
    fastify.addHttpMethod(method, { hasBody: true, overrideExisting: true });
  fastify.addContentTypeParser('application/json', (request, payload, done) => {
    collect(payload, done, (bytes) => parse(plain(request.headers, bytes)));
  });
  // The one form that there is: of a page that works without JavaScript.
  fastify.addContentTypeParser('application/x-www-form-urlencoded', (request, payload, done) => {
    collect(payload, done, (bytes) => {
      if (bytes.length === 0) return undefined;
      if (request.url === FORM) return Object.fromEntries(new URLSearchParams(bytes.toString()));
      throw notJson();
    });
  });
  // Seam's SDK 1.x calls a body that it does not send a form.
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    collect(payload, done, (bytes) => {
      if (bytes.length > 0) throw notJson();
    });
  });
}

const unsupported = (message: string) => new ApiError(415, 'unsupported_media_type', message);
const notJson = () => unsupported('The body must be JSON: content-type application/json.');

function plain(headers: IncomingHttpHeaders, bytes: Buffer): Buffer {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return bytes;
  throw unsupported('Compressed bodies are not taken. Send plain JSON.');
}

/**
 * Hands a body on as `read` has it. By events and callbacks: an iterator over the body, or a promise, costs each
 * request several times as much.
 * @param done called once
 */
function collect(
  payload: IncomingMessage,
  done: (error: Error | null, body?: unknown) => void,
  read: (bytes: Buffer) => unknown,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;
  const end = (error: Error | null, body?: unknown) => {
    if (isOver) return;
    isOver = true;
    done(error, body);
  };
  payload.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
    else chunks.length = 0;
    if (size <= PATIENCE) return;
    end(tooBig());
    payload.destroy();
  });
  payload.on('end', () => {
    let body: unknown;
    try {
      if (size > BODY_LIMIT) throw tooBig();
      body = read(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    } catch (error) {
      return end(error as Error);
    }
    end(null, body);
  });
  // Also where the connection is closed before the body has come.
  payload.on('error', end);
}

const tooBig = () => ApiError.invalidInput(`The body must not be bigger than ${BODY_LIMIT} bytes.`);

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(bytes));
  } catch {
    // What JSON.parse says quotes the body, and so may hold a PIN.
    throw ApiError.invalidInput('The body is not valid JSON in UTF-8.');
  }
  if (isDeeper(body, DEEPEST)) throw ApiError.invalidInput('The body is nested too deeply.');
  return body;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  const fields = value as Record<string, unknown>;
  for (const name in fields) if (isDeeper(fields[name], levels - 1)) return true;
  return false;
}
