import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Cloud } from '../../cloud';
import { invalidRequest, notFound, Refusal } from '../../errors';
import type { Code, CodeContent, Lock } from '../../model';
import { hasConstraint } from '../../pin-rules';
import * as schemas from '../schemas';
import { codesText, sendJson } from '../texts';
import { codeView, pendingView } from '../views';
import { type ById, ownCode, ownLock } from './own';

/** The codes on an account's locks. */
export function codeRoutes(app: FastifyInstance, cloud: Cloud): void {
  app.get<ById>('/locks/:id/access_codes', (request, reply) => {
    cloud.settle();
    return sendJson(reply, codesText(cloud.codes.on(ownLock(cloud, request).lock_id)));
  });
  app.post<ById>('/locks/:id/access_codes', (request, reply) => {
    const lock = ownLock(cloud, request);
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

  app.get<ById>('/access_codes/:id', (request) => codeView(ownCode(cloud, request)));
  app.patch<ById>('/access_codes/:id', (request, reply) => {
    const { lock_id, access_code_id } = ownCode(cloud, request);
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
    const { lock_id, access_code_id } = ownCode(cloud, request);
    const written = cloud.write(lock_id, 'code', (lock) =>
      cloud.operations.delete(lock, currentCode(cloud, access_code_id)),
    );
    return answer(reply, 200, written);
  });
}

/** Answers, or, the answer being lost on the way, drops the connection. */
function answer(reply: FastifyReply, status: number, written: { result: Code; answered: boolean }) {
  if (written.answered) return reply.code(status).send(pendingView(written.result));
  reply.hijack();
  reply.raw.destroy();
  return reply;
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
