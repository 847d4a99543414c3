import type { Account } from '../domain/account';
import { presentAccount } from './present-account';

const SINCE = Date.UTC(2026, 5, 1, 12);
const account: Account = {
  ...{ accountId: 'a', workspaceId: 'w', maker: 'lock-cloud', displayName: 'Home', customMetadata: {} },
  ...{ customerKey: null, managesNewDevices: true, acceptedCapabilities: ['lock'], connectWebviewId: null },
  ...{ awaitsFirstSync: false, intakes: 1, createdAt: 0, connected: true, disconnectedAt: null },
  ...{ removedAt: null, unreachableSince: null, backSince: 0 },
};

describe('an account whose lock maker is unavailable', () => {
  it('has a warning for as long as that lasts, and no error', () => {
    expect(presentAccount(account)).toMatchObject({ errors: [], warnings: [] });
    expect(presentAccount({ ...account, unreachableSince: SINCE })).toMatchObject({
      errors: [],
      warnings: [
        {
          warning_code: 'provider_service_unavailable',
          message: expect.stringMatching(/does not answer/),
          created_at: '2026-06-01T12:00:00.000Z',
        },
      ],
    });
  });

  it('has none once it is gone', () => {
    const gone = { ...account, unreachableSince: SINCE, removedAt: SINCE };
    expect(presentAccount(gone).warnings).toEqual([]);
  });
});
