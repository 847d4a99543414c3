import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A delivery must not go there, or there is nobody there: which of the two is nobody's business. */
export class AddressRefused extends Error {}

/** What the ranges of ipaddr.js take for public, and is not. */
const NOT_PUBLIC = [
  // Microsoft's virtual machines reach their host under a public address.
  '168.63.129.16/32',
  '192.88.99.0/24',
  '2001::/23',
  '3fff::/20',
].map((range) => ipaddr.parseCIDR(range));

/** Of IPv6 only global unicast is open to the world. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an IP address is not one of the public internet: private, link-local, metadata, reserved… */
export function isInternal(address: string): boolean {
  if (!isIP(address)) return true;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return true;
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST)) return true;
  return NOT_PUBLIC.some((range) => isWithin(parsed, range));
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

const isWithin = (address: Address, [network, bits]: Range): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

/** The host of a URL, without an IPv6 address's brackets and a name's final dot. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

/** Names that never lead out. */
const LOCAL_NAME = /^(localhost|.*\.(localhost|local|internal|home\.arpa))$/i;

/** Above 1023, ports on which something else than a web server listens, as browsers refuse them too. */
const OTHER_PROTOCOLS: ReadonlySet<number> = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669],
  ...[6679, 6697, 10080],
]);

/**
 * Where webhooks may go. In the sandbox: anywhere. Else to the public internet by https, and to what the operator
 * allows besides, by http too.
 */
export class AddressRules {
  private readonly hosts: ReadonlySet<string>;
  private readonly ranges: readonly Range[];

  /** @param allowed host names, IP addresses and CIDR ranges */
  constructor(
    readonly sandbox: boolean,
    allowed: readonly string[] = [],
  ) {
    const isName = (entry: string) => !entry.includes('/') && !isIP(entry);
    this.hosts = new Set(allowed.filter(isName).map((name) => name.toLowerCase().replace(/\.$/, '')));
    this.ranges = allowed
      .filter((entry) => !isName(entry))
      .map((entry) => (entry.includes('/') ? ipaddr.parseCIDR(entry) : whole(ipaddr.parse(entry))));
  }

  /** Whether a message may go to an IP address. */
  permits(address: string): boolean {
    return this.sandbox || !isInternal(address) || this.isAllowed(address);
  }

  /** Whether the operator allows a host by its name: then it is resolved as the operator's machine does. */
  namesHost(host: string): boolean {
    return this.hosts.has(host.toLowerCase());
  }

  /**
   * Checks where a webhook is to go, as far as the URL itself tells.
   * @returns what is wrong with it; null if nothing is
   */
  refusalOf(text: string): string | null {
    if (text.length > 2000) return 'must not be longer than 2000 characters';
    if (!URL.canParse(text)) return 'must be a URL';
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be an https or http URL';
    if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
    const host = hostOf(url);
    if (this.sandbox || this.namesHost(host) || this.isAllowed(host)) return null;
    if (url.protocol !== 'https:') return 'must be an https URL';
    if (isIP(host) ? isInternal(host) : LOCAL_NAME.test(host) || !host.includes('.')) return NOT_REACHABLE;
    const port = url.port === '' ? 443 : Number(url.port);
    if ((port < 1024 && port !== 443) || OTHER_PROTOCOLS.has(port)) return 'must not name that port';
    return null;
  }

  private isAllowed(host: string): boolean {
    if (!isIP(host)) return false;
    const address = ipaddr.parse(host);
    return this.ranges.some((range) => isWithin(address, range));
  }
}

/** Said of a name that leads inside and of one that leads nowhere alike. */
export const NOT_REACHABLE = 'must be an address on the public internet';

const whole = (address: Address): Range => [address, address.kind() === 'ipv4' ? 32 : 128];
