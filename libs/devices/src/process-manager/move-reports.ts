import type { Records } from '@latchkey/database';
import {
  type HttpLockGateway,
  isLockMaker,
  type LockMaker,
  type LockSystem,
  reportsPath,
} from '@latchkey/gateways';
import type { Logger } from '@latchkey/platform';
import type { KnownLocks } from './known-locks';
import type { ReportAddresses } from './report-addresses';

/** Where earlier versions kept the secret part of the one address that all reports of a lock maker came to. */
const sharedToken = (maker: string): string => `report_token.${maker}`;

/**
 * In earlier versions all accounts of a lock maker had one address for reports, which each of their owners could read.
 * Gives each account an address of its own and ends the reports to the shared one, which is no longer served. An
 * account whose maker can't be reached now is tried again at the next start.
 */
export async function moveReports(parts: {
  readonly makers: Iterable<LockSystem>;
  readonly settings: Records['settings'];
  readonly addresses: ReportAddresses;
  readonly gateway: Pick<HttpLockGateway, 'registerWebhook' | 'unregisterWebhooks'>;
  readonly locks: Pick<KnownLocks, 'accountsAt'>;
  /** Under which URL a lock maker reaches this server. */
  readonly urlFor: (maker: LockMaker) => string;
  readonly logger: Logger;
}): Promise<void> {
  const { makers, settings, addresses, gateway, locks, urlFor, logger } = parts;
  for (const maker of makers) {
    if (!isLockMaker(maker)) continue;
    const shared = await settings.getSecret(sharedToken(maker.name));
    if (shared === null) continue;
    let moved = true;
    for (const accountId of await locks.accountsAt(maker.name)) {
      const account = { accountId, maker: maker.name };
      const url = urlFor(maker) + (await addresses.pathFor(account));
      const registered = await gateway.registerWebhook(account, url);
      if (registered.kind === 'answered')
        await gateway.unregisterWebhooks(account, reportsPath(maker.name, shared));
      // One without a grant gets its address when its owner logs in again.
      else if (registered.kind !== 'unauthorized') moved = false;
    }
    if (moved) await settings.delete(sharedToken(maker.name));
    else logger.warn({ maker: maker.name }, 'not every account reports to an address of its own yet');
  }
}
