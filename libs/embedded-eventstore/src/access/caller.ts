import { ALL_STREAM, type StreamAccess, type StreamAction } from './stream-access';

/** Who makes a call, and what they may do. */
export interface Caller {
  /** Login name; undefined for somebody who gave none. */
  readonly name: string | undefined;
  readonly isAuthenticated: boolean;
  readonly isAdmin: boolean;
  /** Member of $ops or $admins. */
  readonly isOperator: boolean;
  may(action: StreamAction, stream: string): boolean;
}

export const ADMINS = '$admins';
export const OPERATORS = '$ops';

/** Everybody, on a node without certificates. */
export const EVERYBODY: Caller = {
  name: undefined,
  isAuthenticated: true,
  isAdmin: true,
  isOperator: true,
  may: (action, stream) => action === 'read' || stream !== ALL_STREAM,
};

/** Somebody who gave no login, on a node that wants one. */
export const ANONYMOUS: Caller = {
  name: undefined,
  isAuthenticated: false,
  isAdmin: false,
  isOperator: false,
  may: () => false,
};

/** A user whose password was right. */
export function userCaller(name: string, groups: readonly string[], access: StreamAccess): Caller {
  const roles = new Set([name, ...groups]);
  const isAdmin = groups.includes(ADMINS);
  return {
    name,
    isAuthenticated: true,
    isAdmin,
    isOperator: isAdmin || groups.includes(OPERATORS),
    may: (action, stream) => access.allows(roles, isAdmin, action, stream),
  };
}
