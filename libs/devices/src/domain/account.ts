import { EventCodec, type Fold, type Happened } from '@latchkey/event-sourcing';
import { z } from 'zod';

/** Streams `account-<id>`: one account at a lock maker, and whether we get through to it. */
export const ACCOUNT = 'account';

const shapes = {
  AccountConnected: {
    schema: z.object({
      accountId: z.string(),
      workspaceId: z.string(),
      maker: z.string(),
      displayName: z.string(),
    }),
  },
  /** The grant is gone: nothing is known of its locks until it is back. */
  AccountDisconnected: { schema: z.object({ reason: z.string() }) },
  AccountReconnected: { schema: z.object({}) },
  AccountRemoved: { schema: z.object({}) },
  /** The maker does not answer, or only with faults of its own: an outage, said once, not once for each code. */
  MakerUnreachable: { schema: z.object({ reason: z.string() }) },
  MakerReachable: { schema: z.object({}) },
};

export type AccountEvent = {
  [T in keyof typeof shapes]: { readonly type: T; readonly data: z.infer<(typeof shapes)[T]['schema']> };
}[keyof typeof shapes];

export const accountCodec = new EventCodec<AccountEvent>(shapes);

export interface Account {
  readonly accountId: string;
  readonly workspaceId: string;
  readonly maker: string;
  readonly displayName: string;
  readonly createdAt: number;
  readonly connected: boolean;
  readonly disconnectedAt: number | null;
  readonly removedAt: number | null;
  /** Since when the maker has not answered, ms; null while it does. */
  readonly unreachableSince: number | null;
  /** When it answered again after an outage or a disconnection, ms. */
  readonly backSince: number;
}

/** Null until the account was connected. */
export const accountFold: Fold<Account | null, AccountEvent> = {
  initial: null,
  evolve(account, event) {
    if (event.type === 'AccountConnected') {
      return {
        ...event.data,
        createdAt: account?.createdAt ?? event.at,
        connected: true,
        disconnectedAt: null,
        removedAt: null,
        unreachableSince: null,
        backSince: event.at,
      };
    }
    return account && evolveAccount(account, event);
  },
};

function evolveAccount(
  account: Account,
  event: Exclude<Happened<AccountEvent>, { type: 'AccountConnected' }>,
): Account {
  switch (event.type) {
    case 'AccountDisconnected':
      return { ...account, connected: false, disconnectedAt: event.at };
    case 'AccountReconnected':
      return {
        ...account,
        connected: true,
        disconnectedAt: null,
        unreachableSince: null,
        backSince: event.at,
      };
    case 'AccountRemoved':
      return { ...account, connected: false, removedAt: event.at };
    case 'MakerUnreachable':
      return { ...account, unreachableSince: event.at };
    case 'MakerReachable':
      return { ...account, unreachableSince: null, backSince: event.at };
    default: {
      const never: never = event;
      return never;
    }
  }
}

const live = (account: Account | null): account is Account => account !== null && account.removedAt === null;

export function connect(
  account: Account | null,
  identity: { accountId: string; workspaceId: string; maker: string; displayName: string },
): AccountEvent[] {
  return live(account) ? reconnect(account) : [{ type: 'AccountConnected', data: identity }];
}

export function disconnect(account: Account | null, reason: string): AccountEvent[] {
  return live(account) && account.connected ? [{ type: 'AccountDisconnected', data: { reason } }] : [];
}

export function reconnect(account: Account | null): AccountEvent[] {
  return live(account) && !account.connected ? [{ type: 'AccountReconnected', data: {} }] : [];
}

export function removeAccount(account: Account | null): AccountEvent[] {
  return live(account) ? [{ type: 'AccountRemoved', data: {} }] : [];
}

export function unreachable(account: Account | null, reason: string): AccountEvent[] {
  return live(account) && account.unreachableSince === null
    ? [{ type: 'MakerUnreachable', data: { reason } }]
    : [];
}

export function reachable(account: Account | null): AccountEvent[] {
  return live(account) && account.unreachableSince !== null ? [{ type: 'MakerReachable', data: {} }] : [];
}
