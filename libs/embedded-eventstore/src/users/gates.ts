import { type Metadata, status } from '@grpc/grpc-js';
import { ADMINS, ANONYMOUS, type Caller, type Gate, OPERATORS } from '../access/caller';
import { RpcError } from '../protocol/rpc-error';
import { type StreamAccess } from './stream-access';
import { type User, type UserDirectory } from './user-directory';

/** What a subscriber may have in memory for a group or a consumer, messages. */
const SUBSCRIBER_BUFFER = 5_000;

/** Wants a login, given as basic credentials, and lets its user do what EventStoreDB would let them do. */
export function loginGate(users: UserDirectory, access: StreamAccess): Gate {
  return gate(users, ({ loginName, groups }) => {
    const roles = new Set([loginName, ...groups]);
    const isAdmin = groups.includes(ADMINS);
    const isOperator = isAdmin || groups.includes(OPERATORS);
    return {
      name: loginName,
      isAuthenticated: true,
      isAdmin,
      isOperator,
      bufferLimit: Infinity,
      may: (action, stream) => access.allows(roles, isAdmin, action, stream),
      mayManageGroupsOf: () => isOperator,
      maySeeGroup: () => true,
      mayConsume: (stream) => access.allows(roles, isAdmin, 'read', stream),
      onLoginEnded: (listener) => users.onChanged(loginName, listener),
    };
  });
}

/**
 * Wants a login, and lets its user read the streams whose own `$acl` names them or a group of theirs, and use
 * persistent subscriptions on these: all of them, or those that a group of theirs names. Nobody is an administrator
 * here, and nothing is open by default.
 */
export function subscriberGate(users: UserDirectory, access: StreamAccess): Gate {
  return gate(users, ({ loginName, groups }) => {
    const roles = new Set([loginName, ...groups]);
    const mayRead = (stream: string): boolean => access.namesReader(roles, stream);
    const only = onlyGroupsOf(groups);
    const mayUse = (stream: string, group: string): boolean =>
      mayRead(stream) && (only === undefined || only.has(group));
    return {
      name: loginName,
      isAuthenticated: true,
      isAdmin: false,
      isOperator: false,
      bufferLimit: SUBSCRIBER_BUFFER,
      may: (action, stream) => action === 'read' && mayRead(stream),
      mayManageGroupsOf: (stream) => only === undefined && mayRead(stream),
      maySeeGroup: mayUse,
      mayConsume: mayUse,
      onLoginEnded: (listener) => users.onChanged(loginName, listener),
    };
  });
}

/** A user who is in a group of this name and the name of a persistent subscription may use that one alone. */
export const CONSUMER_OF = 'consumer-of-';

/** The only persistent subscriptions that somebody may use; undefined: all that there are on their streams. */
function onlyGroupsOf(groups: readonly string[]): ReadonlySet<string> | undefined {
  const only = groups.filter((each) => each.startsWith(CONSUMER_OF));
  return only.length === 0 ? undefined : new Set(only.map((each) => each.slice(CONSUMER_OF.length)));
}

function gate(users: UserDirectory, callerOf: (user: User) => Caller): Gate {
  return {
    async identify(metadata: Metadata) {
      const header = metadata.get('authorization')[0];
      if (header === undefined) return ANONYMOUS;
      const credentials = basicCredentials(String(header));
      const user = credentials && (await users.authenticate(credentials.login, credentials.password));
      if (!user) throw new RpcError(status.UNAUTHENTICATED, 'Bad HTTP status code. Status code: 401');
      return callerOf(user);
    },
  };
}

function basicCredentials(header: string): { login: string; password: string } | undefined {
  const match = /^basic\s+(\S+)$/i.exec(header);
  if (!match) return undefined;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { login: text.slice(0, colon), password: text.slice(colon + 1) };
}
