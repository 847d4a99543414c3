import type { FastifyInstance } from 'fastify';
import type { Account } from '../../accounts';
import type { Cloud } from '../../cloud';
import { DEFAULT_ACCOUNT } from '../../sandbox';
import * as schemas from '../schemas';

/** Accounts: who lets a client act for one, and whose it is. */
export function accountRoutes(app: FastifyInstance, cloud: Cloud): void {
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
}

/** The account of that name, created if it does not exist; without a name, the first account. */
export function accountNamed(cloud: Cloud, name: string | undefined): Account {
  const found = name === undefined ? cloud.accounts.all()[0] : cloud.accounts.named(name);
  return found ?? cloud.accounts.add(name ?? DEFAULT_ACCOUNT);
}
