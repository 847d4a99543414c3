import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Client {
  clientId: string;
  clientSecret: string;
  /** Where it may be sent back to at first. */
  redirectUris: readonly string[];
}

const digest = (secret: string) => createHash('sha256').update(secret).digest();
export const sameSecret = (a: string, b: string) => timingSafeEqual(digest(a), digest(b));

export function refuse(reply: FastifyReply, status: number, error: string, message: string): FastifyReply {
  if (status === 401) reply.header('www-authenticate', 'Basic realm="lock cloud"');
  return reply
    .code(status)
    .send({ error, error_description: message, error_code: error.toUpperCase(), message });
}

/** The client's id and secret, in the form or in a Basic header. */
export function isClient(
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
