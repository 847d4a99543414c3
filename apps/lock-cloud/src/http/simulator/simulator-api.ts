import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import { admitToSimulator } from '../callers';
import { accountRoutes } from './account-routes';
import { codeRoutes } from './code-routes';
import { lockRoutes } from './lock-routes';
import { timeRoutes } from './time-routes';

/** The simulator: what somebody does who stands before a lock, has power over its faults, or over time. */
export function simulatorApi(cloud: Cloud) {
  return (app: FastifyInstance, _options: unknown, done: () => void): void => {
    app.addHook('onRequest', (request, _reply, next) => {
      admitToSimulator(request);
      next();
    });
    lockRoutes(app, cloud);
    codeRoutes(app, cloud);
    accountRoutes(app, cloud);
    timeRoutes(app, cloud);
    done();
  };
}
