import { lookup, type LookupAddress, promises } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Semaphore } from 'async-mutex';
import { AddressRefused, type AddressRules, hostOf } from './addresses';

/** How many names are looked up at once; others wait. */
const AT_ONCE = 32;
const QUERY_WITHIN_MS = 2_000;
const TRIES = 2;

export interface Resolver {
  resolve4(host: string): Promise<string[]>;
  resolve6(host: string): Promise<string[]>;
}

/**
 * Looks up where webhooks are to go. By the network alone, not by the threads that everything else in this process
 * looks names up with: a tenant's slow name holds up nobody but webhooks.
 */
export class Names {
  private readonly turns = new Semaphore(AT_ONCE);

  constructor(
    private readonly rules: AddressRules,
    private readonly resolver: Resolver = new promises.Resolver({ timeout: QUERY_WITHIN_MS, tries: TRIES }),
  ) {}

  /**
   * The addresses of a host, all of which messages may go to.
   * @throws {AddressRefused} when there are none, or one of them is not public: which, it does not say
   */
  async addressesOf(host: string): Promise<LookupAddress[]> {
    const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await this.find(host);
    const refused = found.length === 0 || found.some(({ address }) => !this.rules.permits(address));
    if (refused && !this.rules.namesHost(host)) throw new AddressRefused(`${host} is not reachable`);
    return found;
  }

  /** Whether a URL leads to where messages may go. */
  async leadsOut(url: string): Promise<boolean> {
    try {
      await this.addressesOf(hostOf(new URL(url)));
      return true;
    } catch (error) {
      if (error instanceof AddressRefused) return false;
      throw error;
    }
  }

  /**
   * For outgoing connections. It runs as the connection is made, so a name can't change its mind between being
   * checked and being used.
   */
  readonly lookup: LookupFunction = (host, options, callback) => {
    if (this.rules.sandbox || this.rules.namesHost(host)) return lookup(host, options, callback);
    void this.addressesOf(host).then(
      (addresses) => {
        if (options.all) callback(null, addresses);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: Error) => callback(error, '', 0),
    );
  };

  private async find(host: string): Promise<LookupAddress[]> {
    if (this.rules.sandbox || this.rules.namesHost(host)) {
      return promises.lookup(host, { all: true }).catch(() => []);
    }
    const of = (family: 4 | 6, query: Promise<string[]>): Promise<LookupAddress[]> =>
      query.then(
        (addresses) => addresses.map((address) => ({ address, family })),
        () => [],
      );
    const [four, six] = await this.turns.runExclusive(() =>
      Promise.all([of(4, this.resolver.resolve4(host)), of(6, this.resolver.resolve6(host))]),
    );
    return [...four, ...six];
  }
}
