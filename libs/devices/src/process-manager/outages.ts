import type { Cause } from '@latchkey/event-sourcing';
import type { Refusal } from '@latchkey/gateways';
import { disconnect, unreachable } from '../domain/account';
import type { DeviceStreams } from '../streams';

/** Records why a call to a lock maker failed where that concerns the account: once, not for each code. */
export async function recordOutage(
  { accounts }: Pick<DeviceStreams, 'accounts'>,
  accountId: string,
  refusal: Refusal,
  cause: Cause,
): Promise<void> {
  if (refusal.kind === 'unauthorized') {
    await accounts.transact(accountId, cause, (account) => disconnect(account, refusal.message));
  } else if (refusal.kind === 'unreachable' && refusal.retryAfterMs === undefined) {
    await accounts.transact(accountId, cause, (account) => unreachable(account, refusal.message));
  }
}
