import { HOUR } from '@latchkey/platform';
import { createHash } from 'node:crypto';
import { startLockCloud } from '../../../../apps/lock-cloud/src/index';
import { type Reply, ScriptedMaker } from '../testing/scripted-maker';
import { simulatedCloud, type SimulatedCloud } from '../testing/simulated-cloud';
import { authorizeUrl, exchangeCode } from './oauth';

const now = Date.parse('2026-03-02T10:00:00.000Z');
const clock = { now: () => now };
const back = 'https://latchkey.example/connect/back?of=here';

describe('authorizeUrl', () => {
  it('leads to the page of the maker, below its base URL, and names all that it asks for', () => {
    const maker = {
      name: 'acme',
      displayName: 'Acme',
      baseUrl: 'https://acme.example/v1/',
      clientId: 'us & you',
      clientSecret: 'not-told',
    };
    const url = new URL(
      authorizeUrl(maker, { redirectUri: back, state: 's=1&x', workspaceId: 'w', codeChallenge: 'hashed' }),
    );
    expect(url.origin + url.pathname).toBe('https://acme.example/v1/oauth/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'us & you',
      redirect_uri: back,
      scope: 'locks.read locks.write',
      prompt: 'login',
      state: 's=1&x',
      code_challenge: 'hashed',
      code_challenge_method: 'S256',
    });
  });

  it('tells a maker that wants to know for which workspace somebody logs in', () => {
    const maker = {
      ...{ name: 'acme', displayName: 'Acme', baseUrl: 'https://acme.example' },
      ...{ clientId: 'us', clientSecret: 'not-told' },
      loginHint: (workspaceId: string) => `${workspaceId}, signed`,
    };
    const url = new URL(
      authorizeUrl(maker, { redirectUri: back, state: 's', workspaceId: 'w-1', codeChallenge: 'hashed' }),
    );
    expect(url.searchParams.get('login_hint')).toBe('w-1, signed');
  });
});

describe('exchangeCode', () => {
  let server: ScriptedMaker;
  const granted = {
    access_token: 'a',
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'r',
    user_id: 'u',
  };

  beforeEach(async () => {
    server = await ScriptedMaker.start();
  });

  afterEach(() => server.close());

  it('sends the code, where it led back to, and who we are, as a form', async () => {
    server.reply = () => ({ status: 200, body: granted });
    expect(
      await exchangeCode(server.lockMaker, { code: 'c&1', redirectUri: back, codeVerifier: 'v' }, { clock }),
    ).toEqual({
      kind: 'answered',
      value: { accessToken: 'a', refreshToken: 'r', expiresAt: now + HOUR, userId: 'u' },
    });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/v1/oauth/token' });
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'authorization_code',
      code: 'c&1',
      code_verifier: 'v',
      redirect_uri: back,
      client_id: 'latchkey',
      client_secret: 'client-secret-0123456789',
    });
  });

  it.each<[string, Reply, object]>([
    [
      'the code is used',
      { status: 400, body: { error: 'invalid_grant' } },
      { kind: 'refused', errorCode: 'INVALID_GRANT', message: 'Acme Locks gives no tokens (invalid_grant).' },
    ],
    [
      'the code is used, in the words of the locks',
      { status: 400, body: { error_code: 'INVALID_GRANT' } },
      { kind: 'refused', errorCode: 'INVALID_GRANT' },
    ],
    [
      'we are not known',
      { status: 401, body: { error: 'invalid_client' } },
      { kind: 'refused', errorCode: 'INVALID_CLIENT' },
    ],
    [
      'there is no refresh token',
      { status: 200, body: { ...granted, refresh_token: null } },
      { kind: 'unknown' },
    ],
    ['there is no user id', { status: 200, body: { ...granted, user_id: undefined } }, { kind: 'unknown' }],
    ['the maker is down', { status: 503 }, { kind: 'unreachable' }],
    ['the answer is lost', 'drop', { kind: 'unknown' }],
    ['no answer comes', 'hang', { kind: 'unknown' }],
  ])('says so if %s', async (_why, reply, expected) => {
    server.reply = () => reply;
    expect(
      await exchangeCode(server.lockMaker, { code: 'c', redirectUri: back }, { clock, timeoutMs: 300 }),
    ).toMatchObject(expected);
  });
});

describe('OAuth at the simulated cloud', () => {
  let cloud: SimulatedCloud;

  beforeAll(async () => {
    cloud = await simulatedCloud(({ now: start, ...client }) =>
      startLockCloud({
        port: 0,
        dataDir: ':memory:',
        locks: 'none',
        redirectUris: [back],
        clock: { now: start, running: false },
        ...client,
      }),
    );
  });

  afterAll(() => cloud.close());

  it('connects an account by way of the consent page, once for each code', async () => {
    const page = new URL(
      authorizeUrl(cloud.maker, {
        ...{ redirectUri: back, state: 'the-state', workspaceId: 'w' },
        codeChallenge: createHash('sha256').update('the-verifier').digest('base64url'),
      }),
    );
    expect((await fetch(page)).status).toBe(200);
    const consent = await fetch(page.origin + page.pathname, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({
        ...Object.fromEntries(page.searchParams),
        decision: 'allow',
        account: 'new',
        new_account: 'Second',
      }),
    });
    const landing = new URL(consent.headers.get('location') ?? '');
    expect(landing.searchParams.get('state')).toBe('the-state');
    const code = landing.searchParams.get('code') ?? '';
    const given = { code, redirectUri: back, codeVerifier: 'the-verifier' };
    const stolen = await exchangeCode(cloud.maker, { ...given, codeVerifier: 'guessed' }, { clock: cloud });
    expect(stolen).toMatchObject({ kind: 'refused', errorCode: 'INVALID_GRANT' });
    const tokens = await exchangeCode(cloud.maker, given, { clock: cloud });
    if (tokens.kind !== 'answered') throw new Error(tokens.message);
    await cloud.tokens.put('account-2', tokens.value);

    const second = { accountId: 'account-2', maker: cloud.maker.name };
    const ids = async (account: typeof second) => {
      const answer = await cloud.gateway.locks(account);
      if (answer.kind !== 'answered') throw new Error(answer.message);
      return answer.value.map(({ lockId }) => lockId);
    };
    const own = await cloud.freshLock();
    expect(await ids(cloud.account)).toContain(own.lockId);
    expect(await ids(second)).toHaveLength(2);
    expect(await ids(second)).not.toContain(own.lockId);
    expect(await exchangeCode(cloud.maker, given, { clock: cloud })).toMatchObject({
      kind: 'refused',
      errorCode: 'INVALID_GRANT',
    });
  });

  it('goes on after the access token has ended, by our clock and by the maker’s alone', async () => {
    const before = await cloud.tokens.get(cloud.account.accountId);
    await cloud.wait(3 * HOUR);
    expect(await cloud.gateway.locks(cloud.account)).toMatchObject({ kind: 'answered' });
    const after = await cloud.tokens.get(cloud.account.accountId);
    expect(after?.accessToken).not.toBe(before?.accessToken);
    if (after === null) throw new Error('no tokens');

    // As if our clock were far behind: the maker's 401 is what tells.
    await cloud.tokens.put(cloud.account.accountId, { ...after, expiresAt: after.expiresAt + 1e9 });
    await cloud.wait(3 * HOUR);
    expect(await cloud.gateway.locks(cloud.account)).toMatchObject({ kind: 'answered' });
    expect((await cloud.tokens.get(cloud.account.accountId))?.accessToken).not.toBe(after.accessToken);
  });
});
