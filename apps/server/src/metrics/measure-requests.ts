import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics';

/** Measures each request by its route, which is as it was declared: a path may hold a token. */
export function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    metrics.requestAnswered({
      method: request.method,
      route: request.is404 ? null : (request.routeOptions.url ?? null),
      status: reply.statusCode,
      ms: reply.elapsedTime,
    });
    done();
  });
}
