import type { AccountRef, Answer, Refusal } from '../lock-gateway';
import type { ConnectionStore, LocalConnection, LocalSystem } from './local-system';

/** What an adapter has open for each account: made when it is first needed, for as long as the account is there. */
export class OpenedAccounts<S extends LocalSystem, T> {
  private readonly all = new Map<string, { readonly way: string; readonly opened: T }>();

  constructor(
    private readonly options: {
      readonly systems: ReadonlyMap<string, LocalSystem>;
      readonly connections: ConnectionStore;
      readonly open: (account: AccountRef, system: S, connection: LocalConnection) => T;
      readonly close: (opened: T) => Promise<void> | void;
    },
  ) {}

  /** Opens it if need be. What was not connected is looked up again the next time. */
  async of(account: AccountRef): Promise<Answer<T>> {
    const { systems, connections, open } = this.options;
    const { accountId, maker } = account;
    const before = this.all.get(accountId);
    if (before) return { kind: 'answered', value: before.opened };
    const connection = await connections.get(accountId);
    const system = systems.get(maker) as S | undefined;
    if (!system || !connection) return NOT_CONNECTED;
    // Another call may have opened it meanwhile.
    const found = this.all.get(accountId) ?? {
      way: wayOf(connection),
      opened: open(account, system, connection),
    };
    this.all.set(accountId, found);
    return { kind: 'answered', value: found.opened };
  }

  /** Opens it by the way that is kept now. What is under way by the same one goes on. */
  async again(account: AccountRef): Promise<Answer<T>> {
    const { accountId } = account;
    const before = this.all.get(accountId);
    const connection = await this.options.connections.get(accountId);
    if (before && (!connection || before.way !== wayOf(connection))) await this.end(accountId);
    return this.of(account);
  }

  /** Closes what is open of an account. */
  async end(accountId: string): Promise<void> {
    const before = this.all.get(accountId);
    this.all.delete(accountId);
    if (before) await this.options.close(before.opened);
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.all.keys()].map((accountId) => this.end(accountId)));
  }
}

/** What an adapter has written down of an account changes while it is open. */
const wayOf = ({ kept: _, ...way }: LocalConnection): string => JSON.stringify(way);

const NOT_CONNECTED: Refusal = {
  kind: 'unauthorized',
  message: 'Nothing is kept of how to reach this account.',
};
