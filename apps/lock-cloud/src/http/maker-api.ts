import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cloud } from '../cloud';
import { Refusal, invalidRequest, notFound, unauthorized } from '../errors';
import type { Code, CodeContent, Lock } from '../model';
import { hasConstraint } from '../pin-rules';
import * as schemas from './schemas';
import { codeView, lockView, pendingView } from './views';

type ById = { Params: { id: string } };

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

    const ownLock = (request: FastifyRequest<ById>): Lock => {
      const lock = cloud.locks.get(request.params.id);
      if (lock?.account_id !== request.accountId) throw notFound('lock');
      return lock;
    };
    const ownCode = (request: FastifyRequest<ById>): Code => {
      cloud.settle();
      const code = cloud.codes.get(request.params.id);
      const lock = code && cloud.locks.get(code.lock_id);
      if (!code || lock?.account_id !== request.accountId) throw notFound('access code');
      return code;
    };
    /** Answers, or, the answer being lost on the way, drops the connection. */
    const answer = (reply: FastifyReply, status: number, written: { result: Code; answered: boolean }) => {
      if (written.answered) return reply.code(status).send(pendingView(written.result));
      reply.hijack();
      reply.raw.destroy();
      return reply;
    };

    app.get('/locks', (request) => ({
      locks: cloud.locks.of(request.accountId).map((lock) => lockView(lock, cloud.clock)),
    }));
    app.get<ById>('/locks/:id', (request) => lockView(ownLock(request), cloud.clock));

    app.get<ById>('/locks/:id/access_codes', (request) => {
      cloud.settle();
      return { access_codes: cloud.codes.on(ownLock(request).lock_id).map(codeView) };
    });
    app.post<ById>('/locks/:id/access_codes', (request, reply) => {
      const lock = ownLock(request);
      const wanted = schemas.read(schemas.newCode, request.body);
      const { name, code, starts_at = null, ends_at = null, one_time = false } = wanted;
      const written = cloud.write(lock.lock_id, 'code', (current) => {
        if (one_time && !current.abilities.one_time_codes) {
          throw new Refusal(422, 'INVALID_REQUEST', 'This lock takes no codes for one time.');
        }
        const pin = pinFor(cloud, current, code);
        const made = cloud.operations.create(current, { name, code: pin, starts_at, ends_at });
        if (one_time) cloud.codes.markOneTime(made.access_code_id);
        return made;
      });
      return answer(reply, 201, written);
    });

    app.get<ById>('/access_codes/:id', (request) => codeView(ownCode(request)));
    app.patch<ById>('/access_codes/:id', (request, reply) => {
      const { lock_id, access_code_id } = ownCode(request);
      const change = definedOnly(schemas.read(schemas.codeChange, request.body));
      const written = cloud.write(lock_id, 'code', (lock) => {
        if (change.code !== undefined && hasConstraint(lock.abilities, 'cannot_specify_pin_code')) {
          throw new Refusal(422, 'INVALID_PIN', 'This lock draws its PINs itself.');
        }
        return cloud.operations.update(lock, currentCode(cloud, access_code_id), change);
      });
      return answer(reply, 200, written);
    });
    app.delete<ById>('/access_codes/:id', (request, reply) => {
      const { lock_id, access_code_id } = ownCode(request);
      const written = cloud.write(lock_id, 'code', (lock) =>
        cloud.operations.delete(lock, currentCode(cloud, access_code_id)),
      );
      return answer(reply, 200, written);
    });

    app.post<ById>('/locks/:id/actions', (request, reply) => {
      const { lock_id } = ownLock(request);
      const { action, custom_id = null } = schemas.read(schemas.lockAction, request.body);
      const { result } = cloud.write(lock_id, 'action', (lock) =>
        cloud.operations.act(lock, action, custom_id),
      );
      return reply.code(201).send({ action_id: result, custom_id, status: 'pending' });
    });

    app.get('/webhooks', (request) => ({
      webhooks: cloud.webhooks.list(request.accountId).map((webhook) => ({ ...webhook, status: 'active' })),
    }));
    app.post('/webhooks', (request, reply) => {
      const { url, events } = schemas.read(schemas.newWebhook, request.body);
      const { webhook_id } = cloud.change(() => cloud.webhooks.subscribe(request.accountId, url, events));
      return reply.code(201).send({ webhook_id, status: 'active' });
    });
    app.delete<ById>('/webhooks/:id', (request) => {
      const { id } = request.params;
      if (!cloud.change(() => cloud.webhooks.unsubscribe(request.accountId, id))) throw notFound('webhook');
      return { webhook_id: id, status: 'deleted' };
    });
    done();
  };
}

/** Fields that are given, null among them, and no others. */
function definedOnly(body: { [K in keyof CodeContent]?: CodeContent[K] | undefined }): Partial<CodeContent> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function currentCode(cloud: Cloud, accessCodeId: string): Code {
  const code = cloud.codes.get(accessCodeId);
  if (!code) throw notFound('access code');
  return code;
}

/** The PIN asked for, or, for a lock that doesn't let itself be told, one that the lock draws. */
function pinFor(cloud: Cloud, lock: Lock, asked: string | undefined): string {
  if (hasConstraint(lock.abilities, 'cannot_specify_pin_code')) {
    if (asked !== undefined) throw new Refusal(422, 'INVALID_PIN', 'This lock draws its PINs itself.');
    return cloud.drawPin(lock);
  }
  if (asked === undefined) throw invalidRequest('code: a PIN is needed');
  return asked;
}
