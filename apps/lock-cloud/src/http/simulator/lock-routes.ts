import type { FastifyInstance } from 'fastify';
import type { Cloud } from '../../cloud';
import type { Lock } from '../../model';
import * as schemas from '../schemas';
import { simulatedLockView } from '../views';
import { accountNamed } from './account-routes';

type ById = { Params: { id: string } };

/** The locks themselves: those that there are, who stands before them, and what is wrong with them. */
export function lockRoutes(app: FastifyInstance, cloud: Cloud): void {
  const view = (lock: Lock) => simulatedLockView(lock, cloud.codes.on(lock.lock_id));

  app.get('/simulator/locks', () => {
    cloud.settle();
    return { locks: cloud.locks.all().map(view) };
  });
  app.get<ById>('/simulator/locks/:id', (request) => {
    cloud.settle();
    return { lock: view(cloud.lock(request.params.id)) };
  });
  app.post('/simulator/locks', (request, reply) => {
    const isBulk = typeof request.body === 'object' && request.body !== null && 'locks' in request.body;
    const wanted = isBulk
      ? schemas.read(schemas.newLocks, request.body).locks
      : [schemas.read(schemas.newLock, request.body)];
    const added = cloud.change(() => wanted.map((lock) => addLock(cloud, lock)));
    reply.code(201);
    return isBulk ? { locks: added.map(view) } : { lock: view(added[0] as Lock) };
  });
  app.delete<ById>('/simulator/locks/:id', (request) => {
    cloud.removeLock(request.params.id);
    return {};
  });

  app.post<ById>('/simulator/locks/:id/keypad', (request) => {
    cloud.lock(request.params.id);
    const { code } = schemas.read(schemas.keypadEntry, request.body);
    return cloud.enterPin(request.params.id, code);
  });
  app.post<ById>('/simulator/locks/:id/turn', (request) => {
    cloud.lock(request.params.id);
    return cloud.turnByHand(request.params.id, schemas.read(schemas.manualAction, request.body).action);
  });
  app.post<ById>('/simulator/locks/:id/faults', (request) => {
    cloud.lock(request.params.id);
    return { faults: cloud.setFaults(request.params.id, schemas.read(schemas.faults, request.body)) };
  });
}

function addLock(cloud: Cloud, wanted: ReturnType<typeof schemas.newLock.parse>): Lock {
  const { name, account, faults, ...abilities } = wanted;
  const { account_id } = accountNamed(cloud, account);
  return cloud.addLock({ account_id, name, abilities: stated(abilities), faults: faults && stated(faults) });
}

/** Without the fields that were left out. */
function stated<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
