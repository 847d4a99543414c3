import { type AccountTokens, type TokenStore } from '../http/token-store';

/** Tokens in memory, as tests want them. */
export class MemoryTokenStore implements TokenStore {
  readonly #tokens = new Map<string, AccountTokens>();

  constructor(tokens: Readonly<Record<string, AccountTokens>> = {}) {
    for (const [accountId, one] of Object.entries(tokens)) this.#tokens.set(accountId, one);
  }

  get(accountId: string): Promise<AccountTokens | null> {
    return Promise.resolve(this.#tokens.get(accountId) ?? null);
  }

  put(accountId: string, tokens: AccountTokens): Promise<void> {
    this.#tokens.set(accountId, tokens);
    return Promise.resolve();
  }

  delete(accountId: string): void {
    this.#tokens.delete(accountId);
  }
}
