import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Cloud } from '../cloud';
import { isStorageFault } from '../database';
import { Refusal } from '../errors';
import { mayUseSimulator } from './callers';
import { makerApi } from './maker/maker-api';
import type { Client } from './oauth/client';
import { oauth } from './oauth/oauth';
import { simulatorApi } from './simulator/simulator-api';

/** At which instant something is asked, ms since 1970. */
const SIMULATED_NOW = 'x-simulated-now';

const answerRefusal = (reply: FastifyReply, status: number, error_code: string, message: string) =>
  reply.code(status).send({ error_code, message });

/** The whole HTTP face of the cloud. Every error is answered as `{ error_code, message }`. */
export function httpServer(cloud: Cloud, client: Client): FastifyInstance {
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 4 * 1024 * 1024,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (_error, _request, reply) =>
      void answerRefusal(reply as FastifyReply, 400, 'INVALID_REQUEST', 'The address is malformed.'),
  });
  app.removeContentTypeParser('text/plain');
  // An empty body is no body, whatever the content type says.
  app.removeContentTypeParser('application/json');
  const json = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void json(request, body as string, done);
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.setErrorHandler((error: FastifyError | Refusal, _request, reply) => {
    if (error instanceof Refusal) return answerRefusal(reply, error.status, error.code, error.message);
    const status = error.statusCode ?? 500;
    if (status < 500) return answerRefusal(reply, status, 'INVALID_REQUEST', 'The request cannot be read.');
    if (isStorageFault(error)) {
      return answerRefusal(
        reply,
        503,
        'SERVICE_UNAVAILABLE',
        'The cloud can not store anything at the moment.',
      );
    }
    console.error(error);
    return answerRefusal(reply, 500, 'INTERNAL_ERROR', 'The cloud failed.');
  });
  app.setNotFoundHandler((_request, reply) =>
    answerRefusal(reply, 404, 'NOT_FOUND', 'There is nothing at this address.'),
  );
  app.addHook('onRequest', (request, _reply, next) => {
    const at = request.headers[SIMULATED_NOW];
    if (at !== undefined && mayUseSimulator(request)) cloud.player.follow(Number(at));
    next();
  });
  void app.register(makerApi(cloud));
  void app.register(simulatorApi(cloud));
  void app.register(oauth(cloud, client));
  return app;
}
