import type { Account } from './accounts';
import type { Cloud } from './cloud';
import type { NewLock } from './locks';

export const DEFAULT_ACCOUNT = 'sandbox';

/** The four locks that a sandbox begins with; between them they show each way in which locks differ. */
const sandboxLocks = (account_id: string): NewLock[] => [
  {
    account_id,
    name: 'Front Door',
    abilities: { native_scheduling: true, supported_code_lengths: [4, 5, 6, 7, 8], max_active_codes: 50 },
    faults: { latency_ms: 1000 },
  },
  {
    account_id,
    name: 'Garage',
    abilities: { native_scheduling: false, supported_code_lengths: [4, 5, 6, 7, 8], max_active_codes: 50 },
    faults: { latency_ms: 2000 },
  },
  {
    account_id,
    name: 'Office',
    abilities: {
      native_scheduling: true,
      supported_code_lengths: [6],
      max_active_codes: 5,
      code_constraints: [
        { constraint_type: 'no_all_same_digits' },
        { constraint_type: 'no_ascending_or_descending_sequence' },
      ],
    },
    faults: { latency_ms: 1500 },
  },
  {
    account_id,
    name: 'Barn',
    abilities: { native_scheduling: false, supported_code_lengths: [4, 5, 6], max_active_codes: 30 },
    faults: { latency_ms: 8000, flaky_one_in: 8 },
  },
];

/** Makes the default account, at the first start only. */
export function furnish(cloud: Cloud, withLocks: boolean): void {
  if (cloud.accounts.all().length > 0) return;
  cloud.db.transact(() => {
    const account = cloud.accounts.add(DEFAULT_ACCOUNT);
    if (!withLocks) return;
    for (const lock of sandboxLocks(account.account_id)) cloud.locks.add(lock, cloud.clock.now());
  });
}

/** Puts the default account back to how it began. Other accounts stay as they are. */
export function furnishAgain(cloud: Cloud): void {
  const account = cloud.accounts.named(DEFAULT_ACCOUNT) ?? cloud.accounts.add(DEFAULT_ACCOUNT);
  cloud.emptyAccount(account.account_id);
  for (const lock of sandboxLocks(account.account_id)) cloud.addLock(lock);
}

/** A further account, as somebody makes it on the consent page: with two locks of its own. */
export function newAccountWithLocks(cloud: Cloud, name: string): Account {
  return cloud.db.transact(() => {
    const account = cloud.accounts.add(name);
    const { account_id } = account;
    cloud.addLock({ account_id, name: `${name} Entrance`, faults: { latency_ms: 1000 } });
    const simple = { native_scheduling: false };
    cloud.addLock({ account_id, name: `${name} Shed`, abilities: simple, faults: { latency_ms: 2000 } });
    return account;
  });
}
