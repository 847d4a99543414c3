import { openDatabase, openRecords, openVault, type Records } from '@latchkey/database';
import type { AccountRef, Answer, LockMaker } from '@latchkey/gateways';
import { createLogger, SeededRandom } from '@latchkey/platform';
import { moveReports } from './move-reports';
import { ReportAddresses } from './report-addresses';

const maker: LockMaker = {
  ...{ name: 'acme', displayName: 'Acme', baseUrl: 'https://acme.example' },
  ...{ clientId: 'us', clientSecret: 'not-told' },
};
const OLD = 'report_token.acme';

let records: Records;
let close: () => Promise<void>;
let addresses: ReportAddresses;
let asked: string[];

beforeEach(async () => {
  const database = await openDatabase({ file: ':memory:', durability: 'normal' });
  close = () => database.close();
  const vault = await openVault({ database, masterKey: Buffer.alloc(32, 1) });
  records = await openRecords(database, vault);
  addresses = new ReportAddresses(records.settings, new SeededRandom(1));
  asked = [];
});
afterEach(() => close());

/** Moves the reports of three accounts at a maker that answers each of them so. */
async function move(answers: Record<string, Answer<{ webhookId: string }>['kind']>): Promise<void> {
  await moveReports({
    makers: [maker],
    settings: records.settings,
    addresses,
    locks: { accountsAt: () => Promise.resolve(Object.keys(answers)) },
    urlFor: () => 'https://here.example',
    logger: createLogger('silent'),
    gateway: {
      registerWebhook: ({ accountId }: AccountRef, url: string) => {
        asked.push(`register ${accountId} ${url}`);
        const kind = answers[accountId]!;
        return Promise.resolve(
          kind === 'answered' ? { kind, value: { webhookId: '1' } } : ({ kind, message: '' } as never),
        );
      },
      unregisterWebhooks: ({ accountId }: AccountRef, ending: string) => {
        asked.push(`end ${accountId} ${ending}`);
        return Promise.resolve({ kind: 'answered', value: { ended: 1 } });
      },
    },
  });
}

describe('reports that came to one address for all accounts of a lock maker', () => {
  it('come to an address of each account’s own from then on', async () => {
    await records.settings.setSecret(OLD, 'shared');
    await move({ a: 'answered', b: 'unauthorized' });
    expect(asked).toEqual([
      `register a https://here.example${await addresses.pathOf({ accountId: 'a', maker: 'acme' })}`,
      'end a /lock_makers/acme/reports/shared',
      expect.stringContaining('register b https://here.example/lock_makers/acme/reports/b.'),
    ]);
    expect(await records.settings.get(OLD)).toBeNull();
    // Done once.
    await move({ a: 'answered' });
    expect(asked).toHaveLength(3);
  });

  it('are moved at the next start where the lock maker could not be reached', async () => {
    await records.settings.setSecret(OLD, 'shared');
    await move({ a: 'unreachable', b: 'answered' });
    expect(await records.settings.getSecret(OLD)).toBe('shared');
    await move({ a: 'answered', b: 'answered' });
    expect(asked.filter((line) => line.startsWith('end a'))).toHaveLength(1);
    expect(await records.settings.get(OLD)).toBeNull();
  });

  it('are not there on a new server', async () => {
    await move({ a: 'answered' });
    expect(asked).toEqual([]);
  });
});

describe('an account’s address for reports', () => {
  it('stays the same, is the account’s alone, and ends with it', async () => {
    const a = await addresses.pathFor({ accountId: 'a', maker: 'acme' });
    expect(await addresses.pathFor({ accountId: 'a', maker: 'acme' })).toBe(a);
    const token = a.split('/').at(-1)!;
    expect(await addresses.accountOf(token)).toBe('a');
    await addresses.pathFor({ accountId: 'b', maker: 'acme' });
    expect(await addresses.accountOf(token.replace(/^a/, 'b'))).toBeNull();
    for (const guess of ['', 'a', 'a.', 'a.x', 'c.x']) expect(await addresses.accountOf(guess)).toBeNull();
    await addresses.forget('a');
    expect(await addresses.accountOf(token)).toBeNull();
  });
});
