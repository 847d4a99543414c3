import { type Metadata } from '@grpc/grpc-js';

export type StreamAction = 'read' | 'write' | 'delete';

/** The name by which all events go; nothing is ever written to it. */
export const ALL_STREAM = '$all';

/** Tells who makes a call. */
export interface Gate {
  /** @throws RpcError UNAUTHENTICATED for a login that is wrong */
  identify(metadata: Metadata): Caller | Promise<Caller>;
}

/** Who makes a call, and what they may do. */
export interface Caller {
  /** Login name; undefined for somebody who gave none. */
  readonly name: string | undefined;
  readonly isAuthenticated: boolean;
  readonly isAdmin: boolean;
  /** Member of $ops or $admins. */
  readonly isOperator: boolean;
  /** The most messages that a group or a consumer of theirs may keep in memory. */
  readonly bufferLimit: number;
  may(action: StreamAction, stream: string): boolean;
  /** Whether they may make, change and delete the persistent subscriptions of a stream. */
  mayManageGroupsOf(stream: string): boolean;
  /** Whether they may ask about a persistent subscription. */
  maySeeGroup(stream: string, group: string): boolean;
  /** Whether they may read as a consumer of a persistent subscription. */
  mayConsume(stream: string, group: string): boolean;
  /**
   * Calls `listener` when the login ends or changes, so that a call that goes on for long ends with it.
   * @returns how to stop listening
   */
  onLoginEnded(listener: () => void): () => void;
}

export const ADMINS = '$admins';
export const OPERATORS = '$ops';

const neverEnds = (): (() => void) => () => undefined;

/** Everybody who comes in where no login is asked for. */
export const EVERYBODY: Caller = {
  name: undefined,
  isAuthenticated: true,
  isAdmin: true,
  isOperator: true,
  bufferLimit: Infinity,
  may: (action, stream) => action === 'read' || stream !== ALL_STREAM,
  mayManageGroupsOf: () => true,
  maySeeGroup: () => true,
  mayConsume: () => true,
  onLoginEnded: neverEnds,
};

/** Somebody who gave no login, on a node that wants one. */
export const ANONYMOUS: Caller = {
  name: undefined,
  isAuthenticated: false,
  isAdmin: false,
  isOperator: false,
  bufferLimit: 0,
  may: () => false,
  mayManageGroupsOf: () => false,
  maySeeGroup: () => false,
  mayConsume: () => false,
  onLoginEnded: neverEnds,
};

/** Lets everybody in who gets as far as here. */
export const OPEN_GATE: Gate = { identify: () => EVERYBODY };
