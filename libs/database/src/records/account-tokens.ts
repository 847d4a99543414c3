import { type Vault } from '@latchkey/platform';
import { type Database } from '../database';
import { emptyLog } from '../engines/empty-log';
import { type Migration } from '../migrate';
import { prepared } from '../prepared';

/** What we need to act for a connected account at its lock maker (OAuth2). */
export interface AccountToken {
  accessToken: string;
  refreshToken: string;
  /** When the access token ends, ms since the epoch. */
  expiresAt: number;
  /** The lock maker's own id of the account. */
  userId: string;
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

export function accountTokens({ db, engine }: Database<AccountTokensTable>, vault: Vault): AccountTokens {
  return {
    async get(accountId) {
      const [row] = await sealedToken.rows(db, { accountId });
      return row
        ? (JSON.parse(vault.openSecret(purposeOfAccountToken(accountId), row.sealed)) as AccountToken)
        : null;
    },
    async put(accountId, { accessToken, refreshToken, expiresAt, userId }) {
      const text = JSON.stringify({ accessToken, refreshToken, expiresAt, userId });
      const sealed = vault.sealSecret(purposeOfAccountToken(accountId), text);
      await db
        .insertInto('account_tokens')
        .values({ account_id: accountId, sealed })
        .onConflict((conflict) => conflict.column('account_id').doUpdateSet({ sealed }))
        .execute();
    },
    async delete(accountId) {
      await db.deleteFrom('account_tokens').where('account_id', '=', accountId).execute();
      // The file's log still holds the old page. If another process is reading just now, a later checkpoint empties it.
      await emptyLog(db, engine).catch(() => undefined);
    },
  };
}
