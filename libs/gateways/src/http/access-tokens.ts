import { MINUTE } from '@latchkey/platform';
import { setTimeout as pause } from 'node:timers/promises';
import { type AccountRef, type Answer } from '../lock-gateway';
import { type GatewayClock } from './lock-maker';
import { type AccountTokens, type TokenStore } from './token-store';

/** A token that ends this soon is refreshed before it is used again; ms. */
const endsSoon = MINUTE;

/** How often, and after how long, the store is read again before a refused refresh counts; ms. */
const secondLooks = { times: 3, afterMs: 200 };

export interface AccessTokensOptions {
  readonly store: TokenStore;
  readonly clock: GatewayClock;
  readonly refresh: (account: AccountRef, tokens: AccountTokens) => Promise<Answer<AccountTokens>>;
  readonly pause?: (ms: number) => Promise<unknown>;
}

/**
 * Hands out access tokens that are still good. Each account is refreshed by one request at a time here; other
 * processes that share the store may do the same at the same time, and then the first to be done wins.
 */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  readonly #refreshing = new Map<string, Promise<Answer<AccountTokens>>>();
  /** Got from the maker, but not in the store yet: what they replace may be dead already. */
  readonly #unsaved = new Map<string, { readonly replaces: string; readonly tokens: AccountTokens }>();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  async current(account: AccountRef): Promise<Answer<AccountTokens>> {
    const tokens = await this.#load(account);
    if (tokens === null) return noGrant;
    const left = tokens.expiresAt - this.#options.clock.now();
    if (left > endsSoon) return { kind: 'answered', value: tokens };
    const renewed = await this.renewed(account, tokens.accessToken);
    const stillGood = left > 0 && renewed.kind === 'unreachable';
    return stillGood ? { kind: 'answered', value: tokens } : renewed;
  }

  /** Tokens other than the one that the maker would not take, or that is about to end. */
  renewed(account: AccountRef, spent: string): Promise<Answer<AccountTokens>> {
    const running = this.#refreshing.get(account.accountId);
    if (running !== undefined) return running;
    const started = this.#renew(account, spent).finally(() => this.#refreshing.delete(account.accountId));
    this.#refreshing.set(account.accountId, started);
    return started;
  }

  async #renew(account: AccountRef, spent: string): Promise<Answer<AccountTokens>> {
    const tokens = await this.#load(account);
    if (tokens === null) return noGrant;
    if (tokens.accessToken !== spent) return { kind: 'answered', value: tokens };
    const answer = await this.#options.refresh(account, tokens);
    if (answer.kind === 'unauthorized') return (await this.#refreshedElsewhere(account, tokens)) ?? answer;
    if (answer.kind === 'answered') {
      await this.#save(account.accountId, tokens.refreshToken, answer.value);
    }
    return answer;
  }

  /**
   * A maker that draws a new refresh token each time refuses the old one to the second caller. The first may not have
   * saved what it got yet, so look more than once.
   */
  async #refreshedElsewhere(
    account: AccountRef,
    spent: AccountTokens,
  ): Promise<Answer<AccountTokens> | null> {
    for (let look = 0; look < secondLooks.times; look += 1) {
      const tokens = await this.#options.store.get(account.accountId);
      if (tokens === null) return noGrant;
      if (tokens.refreshToken !== spent.refreshToken || tokens.accessToken !== spent.accessToken) {
        return { kind: 'answered', value: tokens };
      }
      await (this.#options.pause ?? pause)(secondLooks.afterMs);
    }
    return null;
  }

  async #load({ accountId }: AccountRef): Promise<AccountTokens | null> {
    const stored = await this.#options.store.get(accountId);
    const unsaved = this.#unsaved.get(accountId);
    if (unsaved === undefined) return stored;
    if (stored?.refreshToken === unsaved.replaces)
      return this.#save(accountId, unsaved.replaces, unsaved.tokens);
    this.#unsaved.delete(accountId);
    return stored;
  }

  async #save(accountId: string, replaces: string, tokens: AccountTokens): Promise<AccountTokens> {
    this.#unsaved.set(accountId, { replaces, tokens });
    await this.#options.store.put(accountId, tokens);
    this.#unsaved.delete(accountId);
    return tokens;
  }
}

const noGrant = { kind: 'unauthorized', message: 'The account has no grant at its lock maker.' } as const;
