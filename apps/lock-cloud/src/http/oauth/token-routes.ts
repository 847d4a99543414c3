import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Tokens } from '../../accounts';
import type { Cloud } from '../../cloud';
import { type Client, isClient, refuse } from './client';

const tokenRequest = z.object({
  grant_type: z.string(),
  code: z.string().optional(),
  redirect_uri: z.string().optional(),
  refresh_token: z.string().optional(),
  code_verifier: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

const revocation = z.object({
  token: z.string(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

/** Codes and refresh tokens for tokens, and their end. */
export function tokenRoutes(app: FastifyInstance, cloud: Cloud, client: Client): void {
  app.post('/oauth/token', (request, reply) => {
    reply.header('cache-control', 'no-store');
    const body = tokenRequest.safeParse(request.body ?? {});
    if (!body.success) return refuse(reply, 400, 'invalid_request', 'grant_type is missing.');
    const { grant_type, code, redirect_uri, refresh_token, code_verifier } = body.data;
    if (!isClient(request, body.data, client)) {
      return refuse(reply, 401, 'invalid_client', 'Unknown client, or a wrong secret.');
    }
    let tokens: Tokens | null;
    if (grant_type === 'authorization_code')
      tokens = cloud.accounts.exchange(code ?? '', redirect_uri ?? null, code_verifier);
    else if (grant_type === 'refresh_token') tokens = cloud.accounts.refresh(refresh_token ?? '');
    else return refuse(reply, 400, 'unsupported_grant_type', 'Not a grant type that is known here.');
    if (!tokens) return refuse(reply, 400, 'invalid_grant', 'The code or token is unknown, used or expired.');
    const { access_token, expires_in, user_id } = tokens;
    const scope = 'locks.read locks.write';
    return reply.send({
      access_token,
      token_type: 'Bearer',
      expires_in,
      refresh_token: tokens.refresh_token,
      scope,
      user_id,
    });
  });

  app.post('/oauth/revoke', (request, reply) => {
    const body = revocation.safeParse(request.body ?? {});
    if (!body.success) return refuse(reply, 400, 'invalid_request', 'token is missing.');
    if (!isClient(request, body.data, client))
      return refuse(reply, 401, 'invalid_client', 'Unknown client, or a wrong secret.');
    cloud.accounts.revoke(body.data.token);
    return reply.send({});
  });
}
