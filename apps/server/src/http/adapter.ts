import { ApiError, type Ids } from '@latchkey/platform';
import fastifyStatic from '@fastify/static';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { boundConnections, CONNECTION_BOUNDS, type ConnectionBounds } from './connections';
import { errorAnswer, rawErrorAnswer, REQUEST_ID } from './answers';
import { BODY_LIMIT, readJsonBodies } from './json-body';

/** Room for a query string of 500 ids; what Node's parser finds beyond is answered 431. */
const HEADER_LIMIT = 32 * 1024;
const REQUEST_WITHIN_MS = 30_000;
const HEADERS_WITHIN_MS = 10_000;
/** How often Node looks for what is late; by itself every 30 s. */
const LOOK_EVERY_MS = 1_000;
/** Longer than the usual 60 s of load balancers, so that it is they who close. */
const KEEP_ALIVE_MS = 65_000;

/** Fastify as the API needs it: JSON alone, limits on everything, and errors of its own in the API's shape. */
export function httpAdapter(ids: Ids, bounds: ConnectionBounds = CONNECTION_BOUNDS): FastifyAdapter {
  const adapter = new ApiAdapter({
    bodyLimit: BODY_LIMIT,
    connectionTimeout: 0,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      maxHeaderSize: HEADER_LIMIT,
      headersTimeout: HEADERS_WITHIN_MS,
      connectionsCheckingInterval: LOOK_EVERY_MS,
    },
    trustProxy: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: true,
    genReqId: () => ids.uuid(),
    requestIdHeader: false,
    skipMiddie: true,
    clientErrorHandler: answerClientError,
    frameworkErrors: answerBadUrl,
  });
  const fastify = adapter.getInstance();
  boundConnections(fastify.server, bounds);
  readJsonBodies(fastify);
  // For reply.sendFile: files are streamed, so that who reads them slowly holds no more than a chunk.
  void fastify.register(fastifyStatic, {
    root: dirname(require.resolve('swagger-ui-dist/package.json')),
    serve: false,
  });
  return adapter;
}

/** Nest would add parsers of its own, for forms too. */
class ApiAdapter extends FastifyAdapter {
  override registerParserMiddleware(): void {}
}

/** No hook has run for these, so that nothing but this gives the answer its request id. */
function answerBadUrl(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = errorAnswer(ApiError.invalidInput('The URL is not valid.'));
  void reply.code(status).headers(headers).header(REQUEST_ID, request.id).send(body);
}

function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawErrorAnswer(clientError(error.code), randomUUID()));
}

function clientError(code: string | undefined): ApiError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError(431, 'invalid_input', `The headers must not be bigger than ${HEADER_LIMIT} bytes.`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError(408, 'request_timeout', 'The request took too long to arrive.');
    default:
      return ApiError.invalidInput('The request is not valid HTTP.');
  }
}
