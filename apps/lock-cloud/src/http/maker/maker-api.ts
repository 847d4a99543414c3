import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import { unauthorized } from '../../errors';
import { codeRoutes } from './code-routes';
import { lockRoutes } from './lock-routes';
import { webhookRoutes } from './webhook-routes';

declare module 'fastify' {
  interface FastifyRequest {
    accountId: string;
  }
}

/** The lock maker's HTTP API: locks, codes, actions and webhooks of the account that the token stands for. */
export function makerApi(cloud: Cloud) {
  return (app: FastifyInstance, _options: unknown, done: () => void): void => {
    app.decorateRequest('accountId', '');
    app.addHook('onRequest', (request, _reply, next) => {
      const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const accountId = token === undefined ? null : cloud.accounts.accountOf(token);
      if (accountId === null) return next(unauthorized());
      request.accountId = accountId;
      next();
    });
    lockRoutes(app, cloud);
    codeRoutes(app, cloud);
    webhookRoutes(app, cloud);
    done();
  };
}
