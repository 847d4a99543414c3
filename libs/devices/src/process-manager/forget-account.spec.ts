import { openDatabase, openRecords, openVault, type Records } from '@latchkey/database';
import type { AccountRef, Refusal } from '@latchkey/gateways';
import { createLogger, SeededRandom } from '@latchkey/platform';
import { forgetAccount } from './forget-account';
import { LocalConnections } from './local-connections';
import { ReportAddresses } from './report-addresses';

const account: AccountRef = { accountId: 'account-1', maker: 'acme' };
const unreachable: Refusal = { kind: 'unreachable', message: 'no route' };

let records: Records;
let addresses: ReportAddresses;
let close: () => Promise<void>;
/** What the lock maker was asked. */
let asked: string[];
/** How it fails. */
let failing: { unregister?: Refusal; revoke?: Refusal };

beforeEach(async () => {
  const database = await openDatabase({ file: ':memory:', durability: 'normal' });
  close = () => database.close();
  const vault = await openVault({ database, masterKey: Buffer.alloc(32, 1) });
  records = await openRecords(database, vault);
  addresses = new ReportAddresses(records.settings, new SeededRandom(1));
  [asked, failing] = [[], {}];
});
afterEach(() => close());

const forget = (died = false) =>
  forgetAccount(account, {
    ...{ records, reportAddresses: addresses, logger: createLogger('silent') },
    connections: new LocalConnections(records.settings),
    gateway: {
      unregisterWebhooks: ({ accountId }, path) => {
        asked.push(`end the reports of ${accountId} to ${path}`);
        return Promise.resolve(failing.unregister ?? { kind: 'answered', value: { ended: 1 } });
      },
      revokeTokens: ({ accountId }) => {
        if (died) return Promise.reject(new Error('the process has ended here'));
        asked.push(`revoke ${accountId}`);
        return Promise.resolve(failing.revoke ?? { kind: 'answered', value: undefined });
      },
    },
  });
const granted = async () => {
  await records.accountTokens.put(account.accountId, {
    ...{ accessToken: 'access-1', refreshToken: 'refresh-1', expiresAt: 0, userId: 'user-1' },
  });
  return addresses.pathFor(account);
};
const expectForgotten = async () => {
  expect(await records.accountTokens.get(account.accountId)).toBeNull();
  expect(await addresses.pathOf(account)).toBeNull();
};

describe('an account that is forgotten', () => {
  it('has its reports ended and its tokens revoked, in this order, before they are erased', async () => {
    const path = await granted();
    await forget();
    expect(asked).toEqual([`end the reports of account-1 to ${path}`, 'revoke account-1']);
    await expectForgotten();
  });

  it('is asked nothing about a second time', async () => {
    await granted();
    await forget();
    await forget();
    expect(asked).toHaveLength(2);
    await expectForgotten();
  });

  it.each([
    { unregister: unreachable },
    { revoke: unreachable },
    { unregister: unreachable, revoke: unreachable },
  ])('is forgotten here also where its maker can not be reached: %j', async (fails) => {
    await granted();
    failing = fails;
    await forget();
    expect(asked).toHaveLength(2);
    await expectForgotten();
  });

  it('never reported anything', async () => {
    await granted();
    await addresses.forget(account.accountId);
    await forget();
    expect(asked).toEqual(['revoke account-1']);
    await expectForgotten();
  });

  it('has no tokens any more: its address goes anyway', async () => {
    await addresses.pathFor(account);
    await forget();
    expect(asked).toEqual([]);
    await expectForgotten();
  });

  it('is forgotten after a crash in the middle', async () => {
    await granted();
    await expect(forget(true)).rejects.toThrow('the process has ended here');
    expect(await records.accountTokens.get(account.accountId)).not.toBeNull();
    await forget();
    await expectForgotten();
  });

  it('leaves other accounts alone', async () => {
    await granted();
    const other = { accountId: 'account-2', maker: 'acme' };
    const path = await addresses.pathFor(other);
    await forget();
    expect(await addresses.pathOf(other)).toBe(path);
  });
});
