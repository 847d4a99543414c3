import type { FastifyInstance } from 'fastify';
import type { Account } from '../accounts';
import { iso, isoOrNull } from '../clock';
import type { Cloud } from '../cloud';
import { invalidRequest } from '../errors';
import type { CodeContent, Lock } from '../model';
import type { ClockReading } from '../player';
import { DEFAULT_ACCOUNT, furnishAgain } from '../sandbox';
import { admitToSimulator } from './callers';
import * as schemas from './schemas';
import { simulatedCodeView, simulatedLockView } from './views';

type ById = { Params: { id: string } };
type ByCode = { Params: { id: string; code: string } };

/** The simulator: what somebody does who stands before a lock, has power over its faults, or over time. */
export function simulatorApi(cloud: Cloud) {
  return (app: FastifyInstance, _options: unknown, done: () => void): void => {
    app.addHook('onRequest', (request, _reply, next) => {
      admitToSimulator(request);
      next();
    });
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

    app.post('/simulator/reset', () => {
      furnishAgain(cloud);
      return {};
    });

    app.get('/simulator/clock', () => clockView(cloud.player.read()));
    app.post('/simulator/clock', async (request) => {
      const { now = null, running = cloud.clock.running } = schemas.read(schemas.clockSetting, request.body);
      return clockView(await cloud.player.advance(now, running));
    });

    app.post('/simulator/authorizations', (request, reply) => {
      const { account } = schemas.read(schemas.authorizationRequest, request.body);
      reply.code(201);
      return cloud.change(() => {
        const code = cloud.accounts.authorize(accountNamed(cloud, account), null);
        return { code, redirect_uri: null };
      });
    });
    app.post('/simulator/owners', (request) => {
      const { account, tenant } = schemas.read(schemas.ownership, request.body);
      return cloud.change(() => {
        const { account_id } = accountNamed(cloud, account);
        cloud.accounts.giveTo(tenant, account_id);
        return { account_id };
      });
    });
    done();
  };
}

const clockView = ({ now, next_due_at, ...rest }: ClockReading) => ({
  now: iso(now),
  next_due_at: isoOrNull(next_due_at),
  ...rest,
});

/** The account of that name, made if there is none; without a name, the first account. */
function accountNamed(cloud: Cloud, name: string | undefined): Account {
  const found = name === undefined ? cloud.accounts.all()[0] : cloud.accounts.named(name);
  return found ?? cloud.accounts.add(name ?? DEFAULT_ACCOUNT);
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
