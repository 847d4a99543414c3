import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Account, Tokens } from '../accounts';
import type { Cloud } from '../cloud';
import { newAccountWithLocks } from '../sandbox';
import { isFromAnotherSite } from './callers';
import { type AuthorizationRequest, consentPage, errorPage } from './consent-page';

export interface Client {
  clientId: string;
  clientSecret: string;
  /** Where it may be sent back to at first. */
  redirectUris: readonly string[];
}

const text = z.string().max(2048);
const asked = z.object({
  client_id: text,
  redirect_uri: text.refine((uri) => URL.canParse(uri) && /^https?:$/.test(new URL(uri).protocol)),
  state: text.optional(),
  scope: text.optional(),
  login_hint: text.optional(),
  code_challenge: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional(),
  code_challenge_method: z.literal('S256').optional(),
});
const registration = z.strictObject({ redirect_uris: z.array(z.url({ protocol: /^https?$/ })).max(20) });
const decided = z.object({
  decision: z.enum(['allow', 'deny']),
  account: z.string().max(100).optional(),
  new_account: z.string().max(100).default(''),
});
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

const digest = (secret: string) => createHash('sha256').update(secret).digest();
const sameSecret = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

/** OAuth2 with authorization codes (RFC 6749, 4.1): the consent page, and the tokens. */
export function oauth(cloud: Cloud, client: Client) {
  let redirectUris = client.redirectUris;
  return (app: FastifyInstance, _options: unknown, done: () => void): void => {
    const readRequest = (fields: unknown, reply: FastifyReply) =>
      wantedBy(fields, { ...client, redirectUris }, reply);

    app.put('/oauth/client', (request, reply) => {
      if (!isClient(request, {}, client))
        return refuse(reply, 401, 'invalid_client', 'Unknown client, or a wrong secret.');
      const wanted = registration.safeParse(request.body);
      if (!wanted.success)
        return refuse(reply, 400, 'invalid_redirect_uri', 'redirect_uris must be http or https URLs.');
      redirectUris = wanted.data.redirect_uris;
      return reply.send({ redirect_uris: redirectUris });
    });

    app.get('/oauth/authorize', (request, reply) => {
      const wanted = readRequest(request.query, reply);
      if (!wanted) return reply;
      if ((request.query as Record<string, unknown>).response_type !== 'code') {
        return goBack(reply, wanted, { error: 'unsupported_response_type' });
      }
      return showConsent(reply, wanted, null);
    });

    app.post('/oauth/authorize', (request, reply) => {
      if (isFromAnotherSite(request))
        return sendPage(reply.code(403), errorPage('This form was sent from another site.'));
      const wanted = readRequest(request.body, reply);
      if (!wanted) return reply;
      const tenant = tenantOf(wanted);
      const decision = decided.safeParse(request.body);
      if (!decision.success) return showConsent(reply.code(422), wanted, 'Please allow or deny.');
      if (decision.data.decision === 'deny') return goBack(reply, wanted, { error: 'access_denied' });
      const account = choose(tenant, decision.data.account, decision.data.new_account.trim());
      if (typeof account === 'string') return showConsent(reply.code(422), wanted, account);
      const code = cloud.change(() => {
        if (tenant !== null) cloud.accounts.giveTo(tenant, account.account_id);
        return cloud.accounts.authorize(account, wanted.redirect_uri, wanted.code_challenge);
      });
      return goBack(reply, wanted, { code });
    });

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
      if (!tokens)
        return refuse(reply, 400, 'invalid_grant', 'The code or token is unknown, used or expired.');
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

    const showConsent = (reply: FastifyReply, wanted: AuthorizationRequest, problem: string | null) => {
      const accounts = cloud.accounts
        .open(tenantOf(wanted))
        .map((account) => ({ ...account, locks: cloud.locks.of(account.account_id).length }));
      return sendPage(reply, consentPage(wanted, accounts, problem));
    };

    /** The account that was chosen, or, in words, why there is none. */
    const choose = (tenant: string | null, chosen: string | undefined, newName: string): Account | string => {
      if (chosen !== 'new') {
        const open = cloud.accounts.open(tenant).find(({ account_id }) => account_id === chosen);
        return open ?? 'Please choose an account.';
      }
      if (newName === '') return 'Please give the new account a name.';
      if (cloud.accounts.named(newName)) return 'There is an account of that name already.';
      return newAccountWithLocks(cloud, newName);
    };
    done();
  };
}

/** The client's request, or null if it was answered with an error page: then nobody is sent anywhere. */
function wantedBy(fields: unknown, client: Client, reply: FastifyReply): AuthorizationRequest | null {
  const wanted = asked.safeParse(fields ?? {});
  const what = wanted.success
    ? problemOf(wanted.data, client)
    : 'client_id or redirect_uri is missing or wrong.';
  if (wanted.success && what === null) return wanted.data;
  void sendPage(reply.code(400), errorPage(what!));
  return null;
}

function problemOf(wanted: AuthorizationRequest, client: Client): string | null {
  if (wanted.client_id !== client.clientId) return 'The client is unknown.';
  if (!client.redirectUris.includes(wanted.redirect_uri))
    return 'The address to go back to is not one that the client has registered.';
  const { login_hint: hint } = wanted;
  if (hint !== undefined && !sameSecret(hint, signedTenant(tenantOf(wanted)!, client.clientSecret)))
    return 'login_hint is not signed by the client.';
  return null;
}

/** The client's tenant that somebody logs in for: `<tenant>.<HMAC-SHA256 of it by the client's secret, base64url>`. */
function tenantOf({ login_hint: hint }: AuthorizationRequest): string | null {
  return hint === undefined ? null : hint.slice(0, Math.max(0, hint.lastIndexOf('.')));
}

function signedTenant(tenant: string, secret: string): string {
  return `${tenant}.${createHmac('sha256', secret).update(tenant).digest('base64url')}`;
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(html);
}

function goBack(
  reply: FastifyReply,
  wanted: AuthorizationRequest,
  answer: Record<string, string>,
): FastifyReply {
  const url = new URL(wanted.redirect_uri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (wanted.state !== undefined) url.searchParams.set('state', wanted.state);
  return reply.redirect(url.href, 303);
}

function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Basic realm="lock cloud"');
  return reply
    .code(status)
    .send({ error, error_description: message, error_code: error.toUpperCase(), message });
}

/** The client's id and secret, in the form or in a Basic header. */
function isClient(
  request: FastifyRequest,
  body: { client_id?: string | undefined; client_secret?: string | undefined },
  client: Client,
): boolean {
  const basic = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  let { client_id: id = '', client_secret: secret = '' } = body;
  if (basic !== undefined) {
    const [first = '', ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':');
    [id, secret] = [formDecoded(first), formDecoded(rest.join(':'))];
  }
  return sameSecret(id, client.clientId) && sameSecret(secret, client.clientSecret);
}

/** RFC 6749, 2.3.1: both parts are form-encoded before they go into the header. */
function formDecoded(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    return part;
  }
}
