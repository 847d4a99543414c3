import { type Vault } from '@latchkey/platform';
import { LRUCache } from 'lru-cache';
import { type Database } from '../database';
import { emptyLog } from '../engines/empty-log';
import { KeptRows } from '../kept-rows';
import { type Migration } from '../migrate';
import { prepared } from '../prepared';

/** What we need to act for a connected account at its lock maker (OAuth2). */
export interface AccountToken {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, ms since the epoch. */
  readonly expiresAt: number;
  /** The lock maker's own id of the account. */
  readonly userId: string;
}

/** The tokens of connected accounts, sealed by the vault. */
export interface AccountTokens {
  get(accountId: string): Promise<AccountToken | null>;
  put(accountId: string, token: AccountToken): Promise<void>;
  delete(accountId: string): Promise<void>;
}

export interface AccountTokensTable {
  account_tokens: { account_id: string; sealed: string };
}

export const accountTokensMigration: Migration = {
  name: 'account_tokens',
  async up(db) {
    await db.schema
      .createTable('account_tokens')
      .addColumn('account_id', 'text', (column) => column.primaryKey())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .execute();
  },
};

export const purposeOfAccountToken = (accountId: string): string => `account/${accountId}`;

/** Asked with each call of a lock maker. */
const sealedToken = prepared<AccountTokensTable, { accountId: string }, { sealed: string }>((db, p) =>
  db.selectFrom('account_tokens').select('sealed').where('account_id', '=', p.accountId),
);

/** So many accounts' tokens are kept open. */
const KEPT = 100;

export function accountTokens(database: Database<AccountTokensTable>, vault: Vault): AccountTokens {
  const { db, engine } = database;
  /** Where the row has to be read each time: another process may have written it. */
  const opened = new LRUCache<string, { readonly sealed: string; readonly token: AccountToken }>({
    max: KEPT,
  });
  const kept = new KeptRows<AccountToken>(database, KEPT);
  const load = async (accountId: string): Promise<AccountToken | null> => {
    const [row] = await sealedToken.rows(db, { accountId });
    if (!row) return null;
    const { sealed } = row;
    const known = opened.get(accountId);
    if (known?.sealed === sealed) return known.token;
    const token = JSON.parse(vault.openSecret(purposeOfAccountToken(accountId), sealed)) as AccountToken;
    opened.set(accountId, { sealed, token });
    return token;
  };
  return {
    get: (accountId) => kept.get(accountId, () => load(accountId)),
    async put(accountId, { accessToken, refreshToken, expiresAt, userId }) {
      const text = JSON.stringify({ accessToken, refreshToken, expiresAt, userId });
      const sealed = vault.sealSecret(purposeOfAccountToken(accountId), text);
      const query = db
        .insertInto('account_tokens')
        .values({ account_id: accountId, sealed })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ sealed }));
      await kept.written(() => query.execute());
    },
    async delete(accountId) {
      opened.delete(accountId);
      const query = db.deleteFrom('account_tokens').where('account_id', '=', accountId);
      await kept.written(() => query.execute());
      // The file's log still holds the old page. If another process is reading just now, a later checkpoint empties it.
      await emptyLog(db, engine).catch(() => undefined);
    },
  };
}
