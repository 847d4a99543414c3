import type { Records } from '@latchkey/database';
import type { ConnectionStore, RoutedLockGateway } from '@latchkey/gateways';
import type { Logger } from '@latchkey/platform';
import type { ReportAddresses } from './report-addresses';

/**
 * Ends our access to an account: its reports, its tokens at the lock maker, and what we stored of both. A maker that
 * can't be reached keeps sending reports, which are ignored.
 */
export async function forgetAccount(
  account: { readonly accountId: string; readonly maker: string },
  parts: {
    readonly records: Records;
    readonly gateway: Pick<RoutedLockGateway, 'unregisterWebhooks' | 'revokeTokens'>;
    readonly reportAddresses: ReportAddresses;
    /** How local systems are reached. */
    readonly connections: ConnectionStore;
    readonly logger: Logger;
  },
): Promise<void> {
  const { records, gateway, reportAddresses, connections, logger } = parts;
  const { accountId, maker } = account;
  if (await connections.get(accountId)) {
    await gateway.revokeTokens(account);
    await connections.delete(accountId);
  }
  if (!(await records.accountTokens.get(accountId))) return reportAddresses.forget(accountId);
  const path = await reportAddresses.pathOf(account);
  const ended = path === null ? null : await gateway.unregisterWebhooks(account, path);
  if (ended && ended.kind !== 'answered')
    logger.warn({ maker, reason: ended.message }, "the lock maker's reports could not be ended");
  const revoked = await gateway.revokeTokens(account);
  // Many makers have nothing of the kind: then the tokens end by themselves.
  if (revoked.kind !== 'answered')
    logger.info({ maker, reason: revoked.message }, 'the tokens could not be revoked at the lock maker');
  await reportAddresses.forget(accountId);
  await records.accountTokens.delete(accountId);
}
