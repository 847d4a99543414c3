import { z } from 'zod';
import { type Answer, type Refusal } from '../lock-gateway';
import { errorBody, judge, notUnderstood } from './answers';
import { type GatewayClock, type LockMaker } from './lock-maker';
import { type AccountTokens } from './token-store';
import { Transport } from './transport';

/** What we ask an account's owner for. */
const scope = 'locks.read locks.write';

const tokenAnswer = z.looseObject({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/i),
  // RFC 6749 lets a server leave it out; an hour is what most mean by that.
  expires_in: z.coerce.number().positive().default(3600),
  refresh_token: z.string().min(1).nullish(),
  user_id: z
    .union([z.string().min(1), z.number()])
    .transform(String)
    .nullish(),
});

/** The page of the lock maker where an account's owner consents; it leads back to `redirectUri`. */
export function authorizeUrl(
  maker: LockMaker,
  query: {
    redirectUri: string;
    state: string;
    workspaceId: string;
    /** The code can be exchanged only with the secret of which this is the hash (PKCE, S256). */
    codeChallenge: string;
  },
): string {
  const url = new URL(`${maker.baseUrl.replace(/\/+$/, '')}/oauth/authorize`);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: maker.clientId,
    redirect_uri: query.redirectUri,
    scope,
    prompt: 'login',
    state: query.state,
    code_challenge: query.codeChallenge,
    code_challenge_method: 'S256',
    ...(maker.loginHint ? { login_hint: maker.loginHint(query.workspaceId) } : {}),
  }).toString();
  return url.href;
}

/**
 * Turns the code that the maker's consent page led back with into tokens.
 * `redirectUri` and `codeVerifier` as they were in `authorizeUrl`; left out for a code that did not come by that way.
 * `refused` with INVALID_GRANT: the code has ended or was used before. `unknown`: the code may be spent, so the
 * owner has to consent again.
 */
export async function exchangeCode(
  maker: LockMaker,
  given: { readonly code: string; readonly redirectUri?: string; readonly codeVerifier?: string },
  options: { readonly clock: GatewayClock; readonly timeoutMs?: number },
): Promise<Answer<AccountTokens>> {
  const transport = new Transport(maker.baseUrl, {
    connections: 1,
    headers: maker.headers,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  try {
    const grant = {
      grant_type: 'authorization_code',
      code: given.code,
      ...(given.redirectUri === undefined ? {} : { redirect_uri: given.redirectUri }),
      ...(given.codeVerifier === undefined ? {} : { code_verifier: given.codeVerifier }),
    };
    const answer = await requestTokens(transport, maker, grant, options.clock);
    if (answer.kind !== 'answered') return answer;
    const { refreshToken, userId, ...rest } = answer.value;
    if (refreshToken === null) return notUnderstood(maker, 'no refresh_token');
    if (userId === null) return notUnderstood(maker, 'no user_id');
    return { kind: 'answered', value: { ...rest, refreshToken, userId } };
  } finally {
    await transport.close();
  }
}

/** Tells the maker that an account's grant is wanted no more (RFC 7009). Many makers have no such endpoint. */
export async function revokeTokens(
  transport: Transport,
  maker: LockMaker,
  tokens: AccountTokens,
  clock: GatewayClock,
): Promise<Answer<void>> {
  const { refreshToken, accessToken } = tokens;
  const exchange = await transport.exchange({
    method: 'POST',
    path: ['oauth', 'revoke'],
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      token: refreshToken,
      token_type_hint: 'refresh_token',
      client_id: maker.clientId,
      client_secret: maker.clientSecret,
    }).toString(),
  });
  const secrets = [refreshToken, accessToken, maker.clientSecret];
  const answer = judge(exchange, { maker, clock, write: true, secrets });
  return answer.kind === 'ok' ? { kind: 'answered', value: undefined } : answer;
}

/** New tokens for an account whose access token ends. `unauthorized`: the refresh token is good no more. */
export async function refreshTokens(
  transport: Transport,
  maker: LockMaker,
  tokens: AccountTokens,
  clock: GatewayClock,
): Promise<Answer<AccountTokens>> {
  const grant = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken };
  const answer = await requestTokens(transport, maker, grant, clock);
  if (answer.kind === 'refused') {
    return answer.errorCode === 'INVALID_GRANT'
      ? { kind: 'unauthorized', message: `${maker.displayName} has ended the account's grant.` }
      : // Our own client's fault, or the maker's: no reason to call the account lost.
        { kind: 'unreachable', message: answer.message };
  }
  if (answer.kind === 'unknown') return { kind: 'unreachable', message: answer.message };
  if (answer.kind !== 'answered') return answer;
  const { accessToken, expiresAt, refreshToken } = answer.value;
  return {
    kind: 'answered',
    value: {
      accessToken,
      expiresAt,
      refreshToken: refreshToken ?? tokens.refreshToken,
      userId: tokens.userId,
    },
  };
}

interface Granted {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly refreshToken: string | null;
  readonly userId: string | null;
}

async function requestTokens(
  transport: Transport,
  maker: LockMaker,
  grant: Record<string, string>,
  clock: GatewayClock,
): Promise<Answer<Granted>> {
  // From before the request: tokens should be taken to end too early rather than too late.
  const askedAt = clock.now();
  const exchange = await transport.exchange({
    method: 'POST',
    path: ['oauth', 'token'],
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      ...grant,
      client_id: maker.clientId,
      client_secret: maker.clientSecret,
    }).toString(),
  });
  if (exchange.kind === 'response' && exchange.status >= 400 && exchange.status < 500) {
    const error = oauthError(errorBody(exchange)?.error);
    if (error !== null) return refusedGrant(maker, error);
  }
  const answer = judge(exchange, { maker, clock, write: true, secrets: Object.values(grant) });
  if (answer.kind !== 'ok') {
    return answer.kind === 'refused'
      ? { ...answer, message: `${maker.displayName} gives no tokens (${answer.errorCode}).` }
      : answer;
  }
  const tokens = tokenAnswer.safeParse(answer.body);
  if (!tokens.success) return notUnderstood(maker, 'no tokens in it');
  return {
    kind: 'answered',
    value: {
      accessToken: tokens.data.access_token,
      expiresAt: askedAt + tokens.data.expires_in * 1000,
      refreshToken: tokens.data.refresh_token ?? null,
      userId: tokens.data.user_id ?? null,
    },
  };
}

/** The error codes of RFC 6749, 5.2. Anything else a server puts there is not repeated. */
function oauthError(error: unknown): string | null {
  const known = ['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client'];
  const others = ['unsupported_grant_type', 'invalid_scope'];
  return typeof error === 'string' && [...known, ...others].includes(error) ? error : null;
}

function refusedGrant(maker: LockMaker, error: string): Refusal {
  return {
    kind: 'refused',
    errorCode: error.toUpperCase(),
    message: `${maker.displayName} gives no tokens (${error}).`,
  };
}
