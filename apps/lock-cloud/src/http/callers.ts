import type { FastifyRequest } from 'fastify';
import { Refusal } from '../errors';

const isLoopback = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address);
const isLoopbackName = (host: string) =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i.test(host.replace(/:\d+$/, ''));

/**
 * Whether a browser sent this from a page of another site. Browsers say so themselves, and a page can't make them lie;
 * a client that sends neither header is not a browser.
 */
export function isFromAnotherSite({ headers }: FastifyRequest): boolean {
  const { origin, host = '' } = headers;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return true;
  return headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
}

/**
 * The simulator has power over doors and time: it answers to somebody on this machine only. A name in DNS that leads to
 * the loopback address, a page in a browser on this machine, and a webhook that a tenant has pointed here count as
 * somebody else.
 * @throws {Refusal} 403
 */
export function admitToSimulator(request: FastifyRequest): void {
  const objection = objectionTo(request);
  if (objection !== undefined) throw new Refusal(403, 'FORBIDDEN', objection);
}

/** Whether `admitToSimulator` lets it pass. */
export const mayUseSimulator = (request: FastifyRequest): boolean => objectionTo(request) === undefined;

function objectionTo(request: FastifyRequest): string | undefined {
  if (!isLoopback(request.ip) || !isLoopbackName(request.headers.host ?? ''))
    return 'The simulator answers on the loopback address only.';
  if (isFromAnotherSite(request)) return 'The simulator does not answer to pages of other sites.';
  if ('svix-id' in request.headers || 'webhook-id' in request.headers)
    return 'The simulator takes no webhooks.';
  return undefined;
}
