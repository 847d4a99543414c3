import { HttpLockGateway } from '../http/http-lock-gateway';
import type { LocalAdapter } from '../local';
import { MemoryTokenStore } from '../testing/memory-token-store';
import { zwaveJsEntry, zwaveJsSystem } from '../zwave-js/entry';
import type { LockSystem } from './lock-system';
import { RoutedLockGateway } from './routed-lock-gateway';

const hall = zwaveJsSystem(zwaveJsEntry.parse({ kind: 'zwave-js', name: 'hall' }), undefined);
const acme: LockSystem = {
  ...{ name: 'acme', displayName: 'Acme', baseUrl: 'https://acme.invalid' },
  ...{ clientId: 'us', clientSecret: 'not told' },
};
const there = { accountId: 'account-1', maker: 'hall' };
const door = { ...there, lockId: 'door' };
const code = { name: null, pin: '2580', window: null };

describe('the way to all locks', () => {
  let asked: string[];
  let gateway: RoutedLockGateway;

  /** An adapter that tells what it was asked. */
  const adapter = new Proxy({} as LocalAdapter, {
    get: (_target, name) => () => {
      asked.push(String(name));
      return Promise.resolve({ kind: 'answered', value: [] });
    },
  });

  beforeEach(() => {
    asked = [];
    gateway = new RoutedLockGateway({
      systems: new Map([hall, acme].map((each) => [each.name, each])),
      // Of an account at a lock maker nothing is kept here: it says that, and calls nobody.
      http: new HttpLockGateway({ makers: new Map(), tokens: new MemoryTokenStore(), clock: Date }),
      local: new Map([['zwave-js', adapter]]),
    });
  });
  afterEach(() => gateway.close());

  it('leads to the adapter of the system that the account names', async () => {
    await gateway.locks(there);
    await gateway.program(door, code);
    await gateway.change(door, '1', code);
    await gateway.remove(door, '1');
    await gateway.list(door);
    await gateway.operate(door, 'lock', 'attempt-1');
    await gateway.check(hall, {});
    expect(asked).toEqual(['locks', 'program', 'change', 'remove', 'list', 'operate', 'check']);
  });

  it('leads to lock makers’ clouds where the system is one, or is not in the file any more', async () => {
    for (const maker of ['acme', 'gone']) {
      const answer = await gateway.list({ ...door, maker });
      expect(answer.kind).not.toBe('answered');
    }
    expect(asked).toEqual([]);
  });

  it('opens the connection to a local system where a lock maker would be given an address', async () => {
    const address = jest.fn(() => Promise.resolve('https://latchkey.example'));
    expect(await gateway.takeReports(there, address)).toEqual({ kind: 'answered', value: {} });
    expect(await gateway.unregisterWebhooks(there, '/old')).toEqual({
      kind: 'answered',
      value: { ended: 0 },
    });
    await gateway.revokeTokens(there);
    expect([asked, address.mock.calls]).toEqual([['open', 'forget'], []]);
  });

  it('says of a system whose kind has no adapter that the file does not name it', async () => {
    const bare = new RoutedLockGateway({
      systems: new Map(),
      http: new HttpLockGateway({ makers: new Map(), tokens: new MemoryTokenStore(), clock: Date }),
      local: new Map(),
    });
    expect(await bare.check(hall, {})).toEqual({
      ...{ kind: 'unreachable', message: 'hall is not in the file of lock systems.' },
    });
    await bare.close();
  });
});
