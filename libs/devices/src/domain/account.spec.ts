import { given, type Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import {
  type Account,
  type AccountEvent,
  accountFold,
  completeSync,
  connect,
  disconnect,
  OtherCustomer,
  reachable,
  reconnect,
  removeAccount,
  requestSync,
  unreachable,
  updateAccount,
} from './account';

const T0 = Date.UTC(2026, 5, 1, 12);
const identity = { accountId: 'a-1', workspaceId: 'w-1', maker: 'sandbox', displayName: 'Home' };
const connected: AccountEvent = { type: 'AccountConnected', data: { ...identity, awaitsFirstSync: true } };
const synced: AccountEvent = { type: 'FirstSyncCompleted', data: {} };
const disconnected: AccountEvent = { type: 'AccountDisconnected', data: { reason: 'revoked' } };
const reconnected: AccountEvent = { type: 'AccountReconnected', data: {} };
const out: AccountEvent = { type: 'MakerUnreachable', data: { reason: 'no route' } };
const back: AccountEvent = { type: 'MakerReachable', data: {} };
const gone: AccountEvent = { type: 'AccountRemoved', data: {} };
const happened = (...events: AccountEvent[]) =>
  given(
    accountFold,
    events.map((event, n): Happened<AccountEvent> => ({ ...event, at: T0 + n })),
  );

const asked = {
  connect: (account: Account | null) => connect(account, identity),
  disconnect: (account: Account | null) => disconnect(account, 'revoked'),
  reconnect,
  remove: removeAccount,
  unreachable: (account: Account | null) => unreachable(account, 'no route'),
  reachable,
  completeSync,
};

describe('an account', () => {
  it('is connected, and again after it was removed', () => {
    happened().when(asked.connect).then([connected]);
    happened(connected).when(asked.connect).then([]);
    happened(connected, disconnected).when(asked.connect).then([reconnected]);
    happened(connected, gone).when(asked.connect).then([connected]);
    expect(happened(connected, gone, connected).state).toMatchObject({
      createdAt: T0,
      connected: true,
      removedAt: null,
      backSince: T0 + 2,
    });
  });

  it('is connected by an invitation, which sets its properties', () => {
    const wishes = { customerKey: 'guest', customMetadata: { floor: '2' }, managesNewDevices: false };
    const login = { connectWebviewId: 'webview', wishes };
    const invited = (account: Account | null) => connect(account, identity, login);
    const by = { connectWebviewId: 'webview' };
    happened()
      .when(invited)
      .then([{ type: 'AccountConnected', data: { ...identity, ...by, ...wishes, awaitsFirstSync: true } }]);
    // An existing account stays as it is: a link may connect an account, but not change one.
    happened(connected)
      .when(invited)
      .then([{ type: 'LoginRepeated', data: by }]);
    happened(connected, { type: 'AccountUpdated', data: wishes }, disconnected)
      .when(invited)
      .then([{ type: 'AccountReconnected', data: by }]);
    const { state } = happened(connected, { type: 'AccountUpdated', data: { customerKey: 'another' } });
    expect(() => invited(state)).toThrow(OtherCustomer);
  });

  it('is changed where something differs', () => {
    const wanted = { displayName: 'Beach House', acceptedCapabilities: ['lock', 'camera'] };
    const updated: AccountEvent = { type: 'AccountUpdated', data: wanted };
    const change = (account: Account | null) => updateAccount(account, wanted);
    happened(connected).when(change).then([updated]);
    happened(connected, updated).when(change).then([]);
    happened(connected, gone).when(change).then([]);
    happened(connected, { type: 'AccountUpdated', data: { customMetadata: { a: '1', b: true } } })
      .when((account) => updateAccount(account, { customMetadata: { b: true } }))
      .then([{ type: 'AccountUpdated', data: { customMetadata: { b: true } } }]);
  });

  it('brings back what was deleted before it was connected, logged into or synced', () => {
    const intakes = (...events: AccountEvent[]) => happened(connected, ...events).state?.intakes;
    expect(intakes()).toBe(1);
    expect(intakes(disconnected)).toBe(1);
    expect(intakes(disconnected, reconnected)).toBe(2);
    expect(intakes({ type: 'LoginRepeated', data: { connectWebviewId: 'w' } })).toBe(2);
    expect(intakes(...requestSync(happened(connected).state))).toBe(2);
    expect(intakes(gone, connected)).toBe(2);
    happened(connected, gone).when(requestSync).then([]);
  });

  it('is synced for the first time once after each connection', () => {
    happened().when(completeSync).then([]);
    happened(connected).when(completeSync).then([synced]);
    happened(connected, synced).when(completeSync).then([]);
    happened(connected, synced, disconnected, reconnected).when(completeSync).then([]);
    happened(connected, synced, gone).when(completeSync).then([]);
    happened(connected, synced, gone, connected).when(completeSync).then([synced]);
  });

  it('counts as synced where the version that connected it recorded no sync', () => {
    happened({ type: 'AccountConnected', data: identity }).when(completeSync).then([]);
  });

  it('is lost and comes back', () => {
    happened(connected).when(asked.disconnect).then([disconnected]);
    happened(connected, disconnected).when(asked.reconnect).then([reconnected]);
    happened(connected).when(asked.reconnect).then([]);
    expect(happened(connected, disconnected).state).toMatchObject({
      connected: false,
      disconnectedAt: T0 + 1,
    });
    expect(happened(connected, out, disconnected, reconnected).state).toMatchObject({
      connected: true,
      disconnectedAt: null,
      unreachableSince: null,
      backSince: T0 + 3,
    });
  });

  it('has outages, each recorded once with its end', () => {
    happened(connected).when(asked.unreachable).then([out]);
    happened(connected, out).when(asked.unreachable).then([]);
    happened(connected, out).when(asked.reachable).then([back]);
    happened(connected).when(asked.reachable).then([]);
    expect(happened(connected, out).state).toMatchObject({ connected: true, unreachableSince: T0 + 1 });
    expect(happened(connected, out, back).state).toMatchObject({ unreachableSince: null, backSince: T0 + 2 });
  });

  it('records nothing before it was connected and once it is gone', () => {
    happened(connected).when(asked.remove).then([gone]);
    for (const ask of [asked.disconnect, asked.reconnect, asked.remove, asked.unreachable, asked.reachable]) {
      happened().when(ask).then([]);
      happened(connected, gone).when(ask).then([]);
    }
    expect(happened(disconnected).state).toBeNull();
    expect(happened(connected, gone).state).toMatchObject({ connected: false, removedAt: T0 + 1 });
  });

  it('decides twice on the same facts without changing anything', () => {
    const names = Object.keys(asked) as (keyof typeof asked)[];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names)), fc.constantFrom(...names), (history, last) => {
        const after = (state: Account | null, name: keyof typeof asked) =>
          asked[name](state).reduce<Account | null>(
            (folded, event) => accountFold.evolve(folded, { ...event, at: T0 }),
            state,
          );
        const once = after(history.reduce(after, null), last);
        expect(asked[last](once)).toEqual([]);
      }),
    );
  });
});
