import { given, type Happened } from '@latchkey/event-sourcing';
import fc from 'fast-check';
import {
  type Account,
  type AccountEvent,
  accountFold,
  connect,
  disconnect,
  reachable,
  reconnect,
  removeAccount,
  unreachable,
} from './account';

const T0 = Date.UTC(2026, 5, 1, 12);
const identity = { accountId: 'a-1', workspaceId: 'w-1', maker: 'sandbox', displayName: 'Home' };
const connected: AccountEvent = { type: 'AccountConnected', data: identity };
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

  it('has outages, each told once with its end', () => {
    happened(connected).when(asked.unreachable).then([out]);
    happened(connected, out).when(asked.unreachable).then([]);
    happened(connected, out).when(asked.reachable).then([back]);
    happened(connected).when(asked.reachable).then([]);
    expect(happened(connected, out).state).toMatchObject({ connected: true, unreachableSince: T0 + 1 });
    expect(happened(connected, out, back).state).toMatchObject({ unreachableSince: null, backSince: T0 + 2 });
  });

  it('is silent before it was connected and once it is gone', () => {
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
