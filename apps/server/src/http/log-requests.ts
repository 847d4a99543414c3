import type { Caller } from '@latchkey/http';
import type { Logger } from '@latchkey/platform';
import type { FastifyInstance } from 'fastify';

/** What is asked for all day and tells nothing as long as it is answered. */
const QUIET = /^\/(health|docs)(\/|$)/;

/**
 * One line a request, when it is over. It has the route and not the path, which may hold a token, and the key's id
 * and not the key. Health and docs are told at the level `debug`.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? null : (request.routeOptions.url ?? null);
    const { caller } = request as { caller?: Caller };
    const line = {
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      keyId: caller?.actor.type === 'api_key' ? caller.actor.id : null,
    };
    if (route !== null && QUIET.test(route)) logger.debug(line, 'request');
    else logger.info(line, 'request');
    done();
  });
}
