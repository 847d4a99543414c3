import type { Records } from '@latchkey/database';
import { type HttpLockGateway, reportsPath } from '@latchkey/gateways';
import type { Logger } from '@latchkey/platform';
import type { KnownLocks } from './known-locks';

/**
 * Ends what let us act for an account, and hear of it. Reports end only where no other workspace has the same account
 * at the lock maker connected; a maker that can't be reached keeps sending them, and nobody listens.
 */
export async function forgetAccount(
  { accountId, maker }: { readonly accountId: string; readonly maker: string },
  parts: {
    readonly records: Records;
    readonly gateway: Pick<HttpLockGateway, 'unregisterWebhooks'>;
    readonly locks: Pick<KnownLocks, 'accountsAt'>;
    readonly reportToken: string | undefined;
    readonly logger: Logger;
  },
): Promise<void> {
  const { records, gateway, locks, reportToken, logger } = parts;
  const tokens = await records.accountTokens.get(accountId);
  if (!tokens) return;
  const others = (await locks.accountsAt(maker)).filter((other) => other !== accountId);
  const users = await Promise.all(
    others.map(async (other) => (await records.accountTokens.get(other))?.userId),
  );
  if (reportToken !== undefined && !users.includes(tokens.userId)) {
    const ended = await gateway.unregisterWebhooks({ accountId, maker }, reportsPath(maker, reportToken));
    if (ended.kind !== 'answered')
      logger.warn({ maker, reason: ended.message }, "the lock maker's reports could not be ended");
  }
  await records.accountTokens.delete(accountId);
}
