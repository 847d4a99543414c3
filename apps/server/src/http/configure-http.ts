import { type Logger, LOGGER } from '@latchkey/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { errorAnswer, REQUEST_ID } from './answers';
import { OpenApi } from './documents/openapi-text';
import { Serving } from './health/serving';
import { logRequests } from './log-requests';
import { boundRequests } from './request-deadline';
import { routeEndpoints } from './route-endpoints';

/**
 * What an application made on `httpAdapter()` needs besides HttpModule, before it listens: the request id on every
 * answer, no caching of answers, and a clear 503 for requests that come while the server starts or stops, or that take
 * too long; and the endpoints of the API.
 */
export function configureHttp(app: NestFastifyApplication): NestFastifyApplication {
  app.get(OpenApi).describes(app);
  const fastify = app.getHttpAdapter().getInstance();
  const serving = app.get(Serving);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply
      .header(REQUEST_ID, request.id)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff');
    const refusal = serving.refusal(request.url);
    if (!refusal) return done();
    const { status, headers, body } = errorAnswer(refusal);
    void reply.code(status).headers(headers).send(body);
  });
  fastify.addHook('preClose', (done) => {
    serving.stop();
    done();
  });
  boundRequests(fastify);
  logRequests(fastify, app.get<Logger>(LOGGER));
  routeEndpoints(app);
  return app;
}
