import type { AccountRef, LockReport } from '@latchkey/gateways';
import { createLogger, until } from '@latchkey/platform';
import { LocalReports } from './local-reports';

const one: AccountRef = { accountId: 'one', maker: 'hall' };
const other: AccountRef = { accountId: 'other', maker: 'hall' };
const used = (lockCodeId: string): LockReport => ({
  kind: 'code-used',
  lockId: 'door',
  lockCodeId,
  at: null,
});

describe('what locks of local systems report', () => {
  let reports: LocalReports;
  const taken: string[] = [];
  const take = (account: AccountRef, report: LockReport) => {
    const slot = report.kind === 'code-used' ? report.lockCodeId : null;
    taken.push(`${account.accountId} ${slot}`);
    return Promise.resolve('taken' as const);
  };

  beforeEach(() => {
    taken.length = 0;
    reports = new LocalReports(createLogger('silent'));
  });
  afterEach(() => reports.stop());

  it('is taken in order, what came before anybody listened as well', async () => {
    reports.add(one, used('1'));
    reports.add(one, used('2'));
    reports.begin(take);
    reports.add(one, used('3'));
    await until(() => taken.length === 3);
    expect(taken).toEqual(['one 1', 'one 2', 'one 3']);
  });

  it('is tried again where it could not be taken, and keeps no other account waiting', async () => {
    const refusals = ['again-later', 'throws'];
    reports.begin((account, report) => {
      const refusal = account === one ? refusals.shift() : undefined;
      if (refusal === 'throws') return Promise.reject(new Error('the database is away'));
      return refusal ? Promise.resolve('again-later') : take(account, report);
    });
    reports.add(one, used('1'));
    reports.add(one, used('2'));
    reports.add(other, used('3'));
    await until(() => taken.length === 3);
    expect(taken).toEqual(['other 3', 'one 1', 'one 2']);
  });

  it('is dropped once the server stops', async () => {
    reports.begin(take);
    reports.stop();
    reports.add(one, used('1'));
    await Promise.resolve();
    expect(taken).toEqual([]);
  });
});
