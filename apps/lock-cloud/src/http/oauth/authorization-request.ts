import { createHmac } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Client, sameSecret } from './client';
import { type AuthorizationRequest, errorPage } from './consent-page';

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
/** The client's request, or null if it was answered with an error page: then nobody is sent anywhere. */
export function wantedBy(fields: unknown, client: Client, reply: FastifyReply): AuthorizationRequest | null {
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
export function tenantOf({ login_hint: hint }: AuthorizationRequest): string | null {
  return hint === undefined ? null : hint.slice(0, Math.max(0, hint.lastIndexOf('.')));
}

function signedTenant(tenant: string, secret: string): string {
  return `${tenant}.${createHmac('sha256', secret).update(tenant).digest('base64url')}`;
}

export function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return reply
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(html);
}

export function goBack(
  reply: FastifyReply,
  wanted: AuthorizationRequest,
  answer: Record<string, string>,
): FastifyReply {
  const url = new URL(wanted.redirect_uri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (wanted.state !== undefined) url.searchParams.set('state', wanted.state);
  return reply.redirect(url.href, 303);
}
