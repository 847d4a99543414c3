import type { FastifyRequest } from 'fastify';
import type { Cloud } from '../../cloud';
import { notFound } from '../../errors';
import type { Code, Lock } from '../../model';

export type ById = { Params: { id: string } };

/** The lock that a request names, if it is its account's. */
export function ownLock(cloud: Cloud, request: FastifyRequest<ById>): Lock {
  const lock = cloud.locks.get(request.params.id);
  if (lock?.account_id !== request.accountId) throw notFound('lock');
  return lock;
}

/** The code that a request names, if it is on a lock of its account's. */
export function ownCode(cloud: Cloud, request: FastifyRequest<ById>): Code {
  cloud.settle();
  const code = cloud.codes.get(request.params.id);
  const lock = code && cloud.locks.get(code.lock_id);
  if (!code || lock?.account_id !== request.accountId) throw notFound('access code');
  return code;
}
