import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import * as schemas from '../schemas';
import { locksText, sendJson } from '../texts';
import { lockView } from '../views';
import { type ById, ownLock } from './own';

/** An account's locks, and what they are asked to do. */
export function lockRoutes(app: FastifyInstance, cloud: Cloud): void {
  app.get('/locks', (request, reply) =>
    sendJson(reply, locksText(cloud.locks.of(request.accountId), cloud.clock)),
  );
  app.get<ById>('/locks/:id', (request) => lockView(ownLock(cloud, request), cloud.clock));

  app.post<ById>('/locks/:id/actions', (request, reply) => {
    const { lock_id } = ownLock(cloud, request);
    const { action, custom_id = null } = schemas.read(schemas.lockAction, request.body);
    const { result } = cloud.write(lock_id, 'action', (lock) =>
      cloud.operations.act(lock, action, custom_id),
    );
    return reply.code(201).send({ action_id: result, custom_id, status: 'pending' });
  });
}
