import { isIP } from 'node:net';
import { z } from 'zod';
import { slotRange } from '../slot-range';

/** The name of an entry, by which accounts refer to it. */
export const entryName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be lower-case letters, digits, _ and -');

export const displayName = z.string().trim().min(1).max(100).optional();

/** What every entry of a local system may say beside its kind and its own. */
export const localEntry = {
  name: entryName,
  display_name: displayName,
  slots: slotRange.optional(),
};

/** What names a system behind an address, with or without credentials. */
export const addressEntry = (protocols: readonly string[]) => ({
  address: localAddress(protocols).optional(),
  username: z.string().min(1).max(1000).optional(),
  password: z.string().min(1).max(1000).optional(),
  /** The environment variable that holds the password. */
  password_env: z.string().min(1).optional(),
});

/** @param protocols with their colons; those that do not encrypt must stay on the local network */
export function localAddress(protocols: readonly string[]) {
  return z.string().superRefine((value, context) => {
    const message = wrongAddress(value, protocols);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
}

/** Why a system is not to be sought there, or null. */
export function wrongAddress(value: string, protocols: readonly string[]): string | null {
  const open = protocols.find((protocol) => !isEncrypted(protocol))!;
  if (!URL.canParse(value)) return `must be an address such as ${open}//hub.local`;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (!protocols.includes(protocol) || hostname === '')
    return `must begin with ${protocols.map((one) => `${one}//`).join(' or ')}`;
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    return 'must have no user, password, query or fragment';
  if (isEncrypted(protocol) || isNearby(hostname)) return null;
  return `must be on the local network, or begin with ${protocols.find(isEncrypted)}//`;
}

const isEncrypted = (protocol: string): boolean => /^(wss|mqtts|https):$/.test(protocol);

/** Loopback, private addresses, and names that only a local network (or a compose file) can resolve. */
export function isNearby(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 4) return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
  if (isIP(host) === 6) return host === '::1' || /^f[cd]/i.test(host);
  return !host.includes('.') || /\.(local|localhost|internal|lan|home\.arpa)$/i.test(host);
}
