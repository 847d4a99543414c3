import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import { invalidRequest } from '../../errors';
import type { CodeContent } from '../../model';
import * as schemas from '../schemas';
import { simulatedCodeView } from '../views';

type ById = { Params: { id: string } };
type ByCode = { Params: { id: string; code: string } };

/** Codes that somebody sets, changes and takes away at the lock itself. */
export function codeRoutes(app: FastifyInstance, cloud: Cloud): void {
  app.post<ById>('/simulator/locks/:id/codes', (request, reply) => {
    cloud.lock(request.params.id);
    const { name, code, starts_at = null, ends_at = null } = schemas.read(schemas.newCode, request.body);
    if (code === undefined) throw invalidRequest('code: a PIN is needed');
    reply.code(201);
    return simulatedCodeView(cloud.addByHand(request.params.id, { name, code, starts_at, ends_at }));
  });
  app.patch<ByCode>('/simulator/locks/:id/codes/:code', (request) => {
    cloud.lock(request.params.id);
    const change = schemas.read(schemas.codeChange, request.body) as Partial<CodeContent>;
    return simulatedCodeView(cloud.changeByHand(request.params.id, request.params.code, change));
  });
  app.delete<ByCode>('/simulator/locks/:id/codes/:code', (request) => {
    cloud.removeByHand(request.params.id, request.params.code);
    return {};
  });
}
