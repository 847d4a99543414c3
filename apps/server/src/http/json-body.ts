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
    collect(payload)
      .then((bytes) => done(null, parse(plain(request.headers, bytes))))
      .catch(done);
  });
  // The one form that there is: of a page that works without JavaScript.
  fastify.addContentTypeParser('application/x-www-form-urlencoded', (request, payload, done) => {
    collect(payload)
      .then((bytes) => {
        if (bytes.length === 0) done(null, undefined);
        else if (request.url === FORM) done(null, Object.fromEntries(new URLSearchParams(bytes.toString())));
        else done(notJson());
      })
      .catch(done);
  });
  // Seam's SDK 1.x calls a body that it does not send a form.
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    collect(payload)
      .then((bytes) => (bytes.length === 0 ? done(null, undefined) : done(notJson())))
      .catch(done);
  });
}

const unsupported = (message: string) => new ApiError(415, 'unsupported_media_type', message);
const notJson = () => unsupported('The body must be JSON: content-type application/json.');

function plain(headers: IncomingHttpHeaders, bytes: Buffer): Buffer {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return bytes;
  throw unsupported('Compressed bodies are not taken. Send plain JSON.');
}

// By events: an iterator over the body costs each request several times as much.
function collect(payload: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooBig = () => ApiError.invalidInput(`The body must not be bigger than ${BODY_LIMIT} bytes.`);
    payload.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= BODY_LIMIT) chunks.push(chunk);
      else chunks.length = 0;
      if (size <= PATIENCE) return;
      reject(tooBig());
      payload.destroy();
    });
    payload.once('end', () => (size > BODY_LIMIT ? reject(tooBig()) : resolve(Buffer.concat(chunks))));
    payload.once('error', reject);
    payload.once('close', () => {
      if (!payload.readableEnded) reject(new Error('the connection was closed before the body had come'));
    });
  });
}

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
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
