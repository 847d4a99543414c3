/** What an account's owner granted us at the lock maker. All of it but `expiresAt` and `userId` is secret. */
export interface AccountTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token ends, ms since the epoch. */
  readonly expiresAt: number;
  /** The maker's stable id of the account's owner. */
  readonly userId: string;
}

/**
 * Where the tokens of connected accounts are kept. Several processes may share one store: what one of them
 * puts, the others get.
 */
export interface TokenStore {
  /** Null: no such account, or its grant was taken back. */
  get(accountId: string): Promise<AccountTokens | null>;
  put(accountId: string, tokens: AccountTokens): Promise<void>;
}
