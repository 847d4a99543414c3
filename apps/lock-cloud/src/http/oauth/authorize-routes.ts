import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Account } from '../../accounts';
import type { Cloud } from '../../cloud';
import { newAccountWithLocks } from '../../sandbox';
import { isFromAnotherSite } from '../callers';
import { goBack, sendPage, tenantOf, wantedBy } from './authorization-request';
import type { Client } from './client';
import { type AuthorizationRequest, consentPage, errorPage } from './consent-page';

const decided = z.object({
  decision: z.enum(['allow', 'deny']),
  account: z.string().max(100).optional(),
  new_account: z.string().max(100).default(''),
});
/** The page on which an account's owner lets the client act for it, and where that leads. */
export function authorizeRoutes(app: FastifyInstance, cloud: Cloud, client: () => Client): void {
  app.get('/oauth/authorize', (request, reply) => {
    const wanted = wantedBy(request.query, client(), reply);
    if (!wanted) return reply;
    if ((request.query as Record<string, unknown>).response_type !== 'code') {
      return goBack(reply, wanted, { error: 'unsupported_response_type' });
    }
    return showConsent(cloud, reply, wanted, null);
  });

  app.post('/oauth/authorize', (request, reply) => {
    if (isFromAnotherSite(request))
      return sendPage(reply.code(403), errorPage('This form was sent from another site.'));
    const wanted = wantedBy(request.body, client(), reply);
    if (!wanted) return reply;
    const tenant = tenantOf(wanted);
    const decision = decided.safeParse(request.body);
    if (!decision.success) return showConsent(cloud, reply.code(422), wanted, 'Please allow or deny.');
    if (decision.data.decision === 'deny') return goBack(reply, wanted, { error: 'access_denied' });
    const account = choose(cloud, tenant, decision.data.account, decision.data.new_account.trim());
    if (typeof account === 'string') return showConsent(cloud, reply.code(422), wanted, account);
    const code = cloud.change(() => {
      if (tenant !== null) cloud.accounts.giveTo(tenant, account.account_id);
      return cloud.accounts.authorize(account, wanted.redirect_uri, wanted.code_challenge);
    });
    return goBack(reply, wanted, { code });
  });
}

function showConsent(
  cloud: Cloud,
  reply: FastifyReply,
  wanted: AuthorizationRequest,
  problem: string | null,
): FastifyReply {
  const accounts = cloud.accounts
    .open(tenantOf(wanted))
    .map((account) => ({ ...account, locks: cloud.locks.of(account.account_id).length }));
  return sendPage(reply, consentPage(wanted, accounts, problem));
}

/** The account that was chosen, or, in words, why there is none. */
function choose(
  cloud: Cloud,
  tenant: string | null,
  chosen: string | undefined,
  newName: string,
): Account | string {
  if (chosen !== 'new') {
    const open = cloud.accounts.open(tenant).find(({ account_id }) => account_id === chosen);
    return open ?? 'Please choose an account.';
  }
  if (newName === '') return 'Please give the new account a name.';
  if (cloud.accounts.named(newName)) return 'There is an account of that name already.';
  return newAccountWithLocks(cloud, newName);
}
