import { type AccountRef, type Answer, type Refusal } from '../lock-gateway';
import { AccessTokens } from './access-tokens';
import { type ApiAnswer, judge } from './answers';
import { type GatewayClock, type LockMaker } from './lock-maker';
import { refreshTokens, revokeTokens } from './oauth';
import { type AccountTokens, type TokenStore } from './token-store';
import { Transport } from './transport';

export interface MakerApiOptions {
  readonly makers: ReadonlyMap<string, LockMaker>;
  readonly tokens: TokenStore;
  readonly clock: GatewayClock;
  /** For each HTTP call; ms of wall time. */
  readonly timeoutMs?: number;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: readonly string[];
  readonly body?: object;
  /** What of the request must never be repeated in a message; its tokens are added. */
  readonly secrets?: readonly string[];
}

/** How often a call may be sent again with another token after a 401. */
const renewals = 2;

/** Calls of the lock makers' APIs in the name of connected accounts. */
export class MakerApi {
  readonly #options: MakerApiOptions;
  readonly #accessTokens: AccessTokens;
  readonly #transports = new Map<string, Transport>();

  constructor(options: MakerApiOptions) {
    this.#options = options;
    this.#accessTokens = new AccessTokens({
      store: options.tokens,
      clock: options.clock,
      refresh: (account, tokens) => this.#refresh(account, tokens),
    });
  }

  maker(account: AccountRef): LockMaker | Refusal {
    const maker = this.#options.makers.get(account.maker);
    return maker ?? { kind: 'unreachable', message: `No lock maker named "${account.maker}" is configured.` };
  }

  /** Sends a request. One answered with 401 was not done, so it is sent again with a new token. */
  async call(account: AccountRef, request: ApiRequest): Promise<ApiAnswer> {
    const maker = this.maker(account);
    if ('message' in maker) return maker;
    let tokens = await this.#accessTokens.current(account);
    for (let renewed = 0; ; renewed += 1) {
      if (tokens.kind !== 'answered') return tokens;
      const { accessToken, refreshToken } = tokens.value;
      const exchange = await this.#transport(maker).exchange({
        method: request.method,
        path: request.path,
        headers: {
          authorization: `Bearer ${accessToken}`,
          accept: 'application/json',
          ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
      if (exchange.kind !== 'response' || exchange.status !== 401) {
        const secrets = [...(request.secrets ?? []), accessToken, refreshToken, maker.clientSecret];
        const write = request.method !== 'GET';
        return judge(exchange, { maker, clock: this.#options.clock, write, secrets });
      }
      if (renewed === renewals) {
        return { kind: 'unreachable', message: `${maker.displayName} refuses the token that it just gave.` };
      }
      tokens = await this.#accessTokens.renewed(account, accessToken);
    }
  }

  /** Ends the account's grant at its maker. */
  async revoke(account: AccountRef): Promise<Answer<void>> {
    const maker = this.maker(account);
    if ('message' in maker) return maker;
    const tokens = await this.#options.tokens.get(account.accountId);
    if (tokens === null) return { kind: 'answered', value: undefined };
    return revokeTokens(this.#transport(maker), maker, tokens, this.#options.clock);
  }

  async close(): Promise<void> {
    const transports = [...this.#transports.values()];
    this.#transports.clear();
    await Promise.all(transports.map((transport) => transport.close()));
  }

  async #refresh(account: AccountRef, tokens: AccountTokens): Promise<Answer<AccountTokens>> {
    const maker = this.maker(account);
    if ('message' in maker) return maker;
    return refreshTokens(this.#transport(maker), maker, tokens, this.#options.clock);
  }

  #transport(maker: LockMaker): Transport {
    const known = this.#transports.get(maker.name);
    if (known !== undefined) return known;
    const { timeoutMs } = this.#options;
    const { headers } = maker;
    const transport = new Transport(maker.baseUrl, {
      headers,
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    this.#transports.set(maker.name, transport);
    return transport;
  }
}
