import { REPORTS_ROUTE } from '@latchkey/gateways';
import type { FastifyInstance } from 'fastify';
import type { CloudOutlook } from './cloud-outlook';

/** Lets the sandbox hear what the lock cloud tells of itself with its locks' reports; to be called before there are routes. */
export function hearReports(
  app: FastifyInstance,
  outlook: CloudOutlook,
  core: { readonly lockCalls: number },
): void {
  app.addHook('onRoute', (route) => {
    if (route.url !== REPORTS_ROUTE) return;
    route.preHandler = (request, reply, next) => {
      const answered = outlook.reportCame(request.headers, core.lockCalls);
      // Not Fastify's onResponse, which is not told of a connection that has ended.
      reply.raw.once('close', () => answered(reply.raw.writableFinished && reply.statusCode < 300));
      next();
    };
  });
}
