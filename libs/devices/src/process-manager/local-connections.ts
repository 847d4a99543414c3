import type { Records } from '@latchkey/database';
import type { ConnectionStore, LocalConnection } from '@latchkey/gateways';

const keyOf = (accountId: string): string => `local_connection/${accountId}`;

/** How the local systems of accounts are reached, each sealed as a whole: addresses and names may be secrets, too. */
export class LocalConnections implements ConnectionStore {
  constructor(private readonly settings: Pick<Records['settings'], 'getSecret' | 'setSecret' | 'delete'>) {}

  async get(accountId: string): Promise<LocalConnection | null> {
    const kept = await this.settings.getSecret(keyOf(accountId));
    return kept === null ? null : (JSON.parse(kept) as LocalConnection);
  }

  put(accountId: string, connection: LocalConnection): Promise<void> {
    return this.settings.setSecret(keyOf(accountId), JSON.stringify(connection));
  }

  delete(accountId: string): Promise<void> {
    return this.settings.delete(keyOf(accountId));
  }
}
