import { ApiError } from '@latchkey/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { errorAnswer, REQUEST_ID } from './answers';
import { OpenApi } from './documents/openapi-text';

/**
 * What an application made on `httpAdapter()` needs besides HttpModule, before it listens: the request id on
 * every answer, no caching of answers, and a clear 503 for whoever comes while the server stops.
 */
export function configureHttp(app: NestFastifyApplication): NestFastifyApplication {
  app.get(OpenApi).describes(app);
  const fastify = app.getHttpAdapter().getInstance();
  let stopping = false;
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.raw.setHeader(REQUEST_ID, request.id);
    reply.raw.setHeader('cache-control', 'no-store');
    reply.raw.setHeader('x-content-type-options', 'nosniff');
    if (!stopping) return done();
    const { status, headers, body } = errorAnswer(ApiError.unavailable('The server is stopping.'));
    void reply.code(status).headers(headers).send(body);
  });
  fastify.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  return app;
}
