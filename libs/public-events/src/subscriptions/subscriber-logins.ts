/** A login of a subscriber, as it is shown once. */
export interface SubscriberLogin {
  readonly login: string;
  readonly password: string;
  /** Where it connects to, with PASSWORD in place of the password. */
  readonly address: string;
}

/** Logins of the event store that read a workspace's public events, and nothing else. */
export interface SubscriberLogins {
  /**
   * @param name what its owner calls it
   * @param group the only subscription that it may use; left out: all of the workspace's, which it may manage, too
   */
  make(workspaceId: string, name: string, group?: string): Promise<SubscriberLogin>;
  /** Ends the logins of a subscription, with what they have running. @returns how many */
  endOf(workspaceId: string, group: string): Promise<number>;
}

/** SubscriberLogins; undefined where users of the event store are not ours to make */
export const SUBSCRIBER_LOGINS = Symbol('SUBSCRIBER_LOGINS');
