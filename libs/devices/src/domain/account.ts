import { EventCodec, type Fold, type Happened, Refusal } from '@latchkey/event-sourcing';
import { z } from 'zod';
import { type CustomMetadata } from './device';
import { sameMetadata } from './device-decisions';

/** Streams `account-<id>`: one account at a lock maker, and whether we can reach it. */
export const ACCOUNT = 'account';

/** The properties of an account that clients set. */
const preferences = {
  customMetadata: z.record(z.string(), z.union([z.string(), z.boolean()])).optional(),
  customerKey: z.string().nullable().optional(),
  /** Whether new locks become managed devices. */
  managesNewDevices: z.boolean().optional(),
  /** Kinds of devices that are taken in, in the API's words. */
  acceptedCapabilities: z.array(z.string()).optional(),
};

const login = {
  /** The invitation that its owner followed; left out where there was none. */
  connectWebviewId: z.string().optional(),
};

const shapes = {
  AccountConnected: {
    schema: z.object({
      accountId: z.string(),
      workspaceId: z.string(),
      maker: z.string(),
      displayName: z.string(),
      ...login,
      ...preferences,
      /** Whether FirstSyncCompleted is to follow; left out by versions that had no such event. */
      awaitsFirstSync: z.literal(true).optional(),
    }),
  },
  /** Everything in the account was read for the first time since it was connected. */
  FirstSyncCompleted: { schema: z.object({}) },
  /** The grant is gone: nothing is known of its locks until it is back. */
  AccountDisconnected: { schema: z.object({ reason: z.string() }) },
  AccountReconnected: { schema: z.object({ ...login }) },
  /** Its owner logged in again, though the account was connected. */
  LoginRepeated: { schema: z.object({ connectWebviewId: z.string() }) },
  /** Only properties that have changed, each as a whole. */
  AccountUpdated: { schema: z.object({ displayName: z.string().optional(), ...preferences }) },
  /** Its locks are to be read now, including those that were deleted here. */
  SyncRequested: { schema: z.object({}) },
  AccountRemoved: { schema: z.object({}) },
  /** The maker does not answer, or only with errors of its own: an outage, recorded once, not once for each code. */
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
  readonly customMetadata: CustomMetadata;
  readonly customerKey: string | null;
  readonly managesNewDevices: boolean;
  readonly acceptedCapabilities: readonly string[];
  /** The invitation by which it was connected last. */
  readonly connectWebviewId: string | null;
  /** How often its locks were synced: one that was deleted here before the last time is taken up again. */
  readonly intakes: number;
  /** Its locks have not been read since it was connected. */
  readonly awaitsFirstSync: boolean;
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
        customMetadata: {},
        customerKey: null,
        managesNewDevices: true,
        acceptedCapabilities: ['lock'],
        connectWebviewId: null,
        awaitsFirstSync: false,
        ...event.data,
        intakes: (account?.intakes ?? 0) + 1,
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
    case 'FirstSyncCompleted':
      return { ...account, awaitsFirstSync: false };
    case 'AccountDisconnected':
      return { ...account, connected: false, disconnectedAt: event.at };
    case 'AccountReconnected':
      return {
        ...account,
        ...event.data,
        intakes: account.intakes + 1,
        connected: true,
        disconnectedAt: null,
        unreachableSince: null,
        backSince: event.at,
      };
    case 'LoginRepeated':
      return { ...account, ...event.data, intakes: account.intakes + 1 };
    case 'AccountUpdated':
      return { ...account, ...event.data };
    case 'SyncRequested':
      return { ...account, intakes: account.intakes + 1 };
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

export interface AccountWishes {
  readonly displayName?: string;
  readonly customMetadata?: CustomMetadata;
  readonly customerKey?: string;
  readonly managesNewDevices?: boolean;
  readonly acceptedCapabilities?: readonly string[];
}

/** The account belongs to a customer already, and can't be given to another. */
export class OtherCustomer extends Refusal {
  constructor() {
    const wrong = { customerKey: 'is given once, and stays' };
    super({ kind: 'invalid', wrong }, 'The account belongs to another customer.');
  }
}

/**
 * The owner of an account has connected it, perhaps again. Repeated for the same invitation, it changes nothing.
 * @param login the invitation, if any, and the account's properties from it
 * @throws {OtherCustomer}
 */
export function connect(
  account: Account | null,
  identity: { accountId: string; workspaceId: string; maker: string; displayName: string },
  login?: { readonly connectWebviewId: string; readonly wishes: AccountWishes },
): AccountEvent[] {
  const by = login && { connectWebviewId: login.connectWebviewId };
  if (!live(account)) {
    const data = { ...identity, ...by, ...stored(login?.wishes ?? {}), awaitsFirstSync: true as const };
    return [{ type: 'AccountConnected', data }];
  }
  const again: AccountEvent[] = !account.connected
    ? [{ type: 'AccountReconnected', data: { ...by } }]
    : by && by.connectWebviewId !== account.connectWebviewId
      ? [{ type: 'LoginRepeated', data: by }]
      : [];
  // Anyone with a link may connect an account, but not change one that exists already.
  checkCustomer(account, login?.wishes ?? {});
  return again;
}

/** @throws {OtherCustomer} */
function checkCustomer({ customerKey: mine }: Account, { customerKey }: AccountWishes): void {
  if (customerKey !== undefined && mine !== null && mine !== customerKey) throw new OtherCustomer();
}

/**
 * Changes an account. The event has only what differs.
 * @throws {OtherCustomer}
 */
export function updateAccount(account: Account | null, wanted: AccountWishes): AccountEvent[] {
  if (!live(account)) return [];
  checkCustomer(account, wanted);
  const differs = (name: keyof AccountWishes): boolean =>
    name === 'customMetadata'
      ? !sameMetadata(wanted.customMetadata!, account.customMetadata)
      : JSON.stringify(wanted[name]) !== JSON.stringify(account[name]);
  const changed = Object.entries(stored(wanted)).filter(([name]) => differs(name as keyof AccountWishes));
  return changed.length === 0 ? [] : [{ type: 'AccountUpdated', data: Object.fromEntries(changed) }];
}

type Stored = Extract<AccountEvent, { type: 'AccountUpdated' }>['data'];

/** Without what was left out. */
function stored(wishes: AccountWishes): Stored {
  return Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined));
}

/** Everything in it has been read. */
export function completeSync(account: Account | null): AccountEvent[] {
  return live(account) && account.awaitsFirstSync ? [{ type: 'FirstSyncCompleted', data: {} }] : [];
}

/** Its locks are to be read now, including those that were deleted here. */
export function requestSync(account: Account | null): AccountEvent[] {
  return live(account) ? [{ type: 'SyncRequested', data: {} }] : [];
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
