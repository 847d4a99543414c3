import { type Metadata, status } from '@grpc/grpc-js';
import { RpcError } from '../protocol/rpc-error';
import { type UserDirectory } from '../users/user-directory';
import { ANONYMOUS, type Caller, EVERYBODY, userCaller } from './caller';
import { type StreamAccess } from './stream-access';

/** Tells who makes a call. */
export interface Gate {
  /** @throws RpcError UNAUTHENTICATED for a login that is wrong */
  identify(metadata: Metadata): Caller | Promise<Caller>;
}

/** A node without certificates lets everybody in. */
export const OPEN_GATE: Gate = { identify: () => EVERYBODY };

/** A node with certificates wants a login, given as basic credentials. */
export function loginGate(users: UserDirectory, access: StreamAccess): Gate {
  return {
    async identify(metadata) {
      const header = metadata.get('authorization')[0];
      if (header === undefined) return ANONYMOUS;
      const credentials = basicCredentials(String(header));
      const user = credentials && (await users.authenticate(credentials.login, credentials.password));
      if (!user) throw new RpcError(status.UNAUTHENTICATED, 'Bad HTTP status code. Status code: 401');
      return userCaller(user.loginName, user.groups, access);
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
