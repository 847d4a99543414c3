import { iso } from '@latchkey/platform';
import type { Account } from '../domain/account';
import { accountErrors, accountWarnings, type SeamError, type SeamWarning } from './issues';

/** A connected account in the API's shape. */
export interface SeamConnectedAccount {
  connected_account_id: string;
  account_type: string;
  account_type_display_name: string;
  display_name: string;
  accepted_capabilities: string[];
  automatically_manage_new_devices: boolean;
  custom_metadata: Record<string, string | boolean>;
  customer_key?: string;
  created_at: string;
  errors: SeamError[];
  warnings: SeamWarning[];
}

/** Shows a connected account as the API does. */
export function presentAccount(account: Account): SeamConnectedAccount {
  return {
    connected_account_id: account.accountId,
    account_type: account.maker,
    account_type_display_name: account.maker,
    display_name: account.displayName,
    accepted_capabilities: [...account.acceptedCapabilities],
    automatically_manage_new_devices: account.managesNewDevices,
    custom_metadata: { ...account.customMetadata },
    ...(account.customerKey === null ? {} : { customer_key: account.customerKey }),
    created_at: iso(account.createdAt),
    errors: accountErrors(account),
    warnings: accountWarnings(account),
  };
}
