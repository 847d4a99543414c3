import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

/** The address is one that deliveries must not go to. */
export class AddressRefused extends Error {}

const ipv4 = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  ipv4.addSubnet(network, bits, 'ipv4');
}

// Of IPv6 only global unicast is open to the world, less what leads into IPv4 or nowhere.
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
const ipv6 = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  ipv6.addSubnet(network, bits, 'ipv6');
}

/** Whether an IP address is not one of the public internet: private, link-local, metadata, reserved… */
export function isInternal(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return ipv4.check(address, 'ipv4');
    case 6:
      return !globalUnicast.check(address, 'ipv6') || ipv6.check(address, 'ipv6');
    default:
      return true;
  }
}

/** The host of a URL, without an IPv6 address's brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * Checks where a webhook is to go, as far as the URL itself tells.
 * @returns what is wrong with it; null if nothing is
 */
export function refusalOf(text: string, internalAllowed: boolean): string | null {
  if (text.length > 2000) return 'must not be longer than 2000 characters';
  if (!URL.canParse(text)) return 'must be a URL';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be an https or http URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (internalAllowed) return null;
  const host = hostOf(url);
  const internal = isIP(host)
    ? isInternal(host)
    : /^(localhost|.*\.(localhost|local|internal))\.?$/i.test(host);
  return internal ? 'must be an address on the public internet' : null;
}

/**
 * Resolves names for outgoing connections and refuses those that lead to internal addresses. It runs as the
 * connection is made, so a name can't change its mind in between.
 */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const internal = error ? undefined : addresses.find(({ address }) => isInternal(address));
    const failure = error ?? (internal && new AddressRefused(`${hostname} leads to an internal address`));
    if (failure) callback(failure, '', 0);
    else if (options.all) callback(null, addresses);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

/** Whether a name is known to lead to an internal address now. A name that is not known at all may come to be. */
export function leadsInside(text: string): Promise<boolean> {
  const host = hostOf(new URL(text));
  if (isIP(host)) return Promise.resolve(isInternal(host));
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, addresses) => {
      resolve(!error && addresses.some(({ address }) => isInternal(address)));
    });
  });
}
