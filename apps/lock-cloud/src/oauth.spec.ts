import { createHmac } from 'node:crypto';
import { BACK, client, CloudClient } from './testing/cloud-client';

const question = {
  response_type: 'code',
  client_id: 'the-client',
  redirect_uri: BACK,
  state: 'a"<b>',
  prompt: 'login',
};

describe('authorization', () => {
  let cloud: CloudClient;

  beforeEach(async () => {
    cloud = await CloudClient.start();
  });

  afterEach(() => cloud.close());

  const ask = (change: Record<string, string> = {}) =>
    fetch(`${cloud.url}/oauth/authorize?${new URLSearchParams({ ...question, ...change }).toString()}`, {
      redirect: 'manual',
    });

  /** Sends the page's form as a browser without JavaScript would. */
  const decide = (fields: Record<string, string>) => {
    const { client_id, redirect_uri, state } = question;
    const body = new URLSearchParams({ client_id, redirect_uri, state, ...fields });
    return fetch(`${cloud.url}/oauth/authorize`, { method: 'POST', body, redirect: 'manual' });
  };
  const leadsTo = (response: Response) => new URL(response.headers.get('location') ?? 'none:').searchParams;

  it('shows a page that can be read and used without scripts', async () => {
    await cloud.addLock();
    const response = await ask();
    const html = await response.text();
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(html).toContain('<html lang="en">');
    expect(html).toContain('sandbox (1 lock)');
    expect(html).toContain('value="a&quot;&lt;b&gt;"');
    expect(html).not.toMatch(/<script|<b>/);
    for (const id of html.matchAll(/<label for="(\w+)"/g)) expect(html).toContain(`id="${id[1]}"`);
  });

  it('leads back with a code and the state, and makes an account with two locks on the way', async () => {
    const response = await decide({ decision: 'allow', account: 'new', new_account: 'Lake <House>' });
    expect(response.status).toBe(303);
    const params = leadsTo(response);
    expect(Object.fromEntries(params)).toMatchObject({ from: 'maker', state: question.state });
    const grant = { grant_type: 'authorization_code', code: params.get('code') ?? '' };
    expect((await cloud.requestToken({ ...grant, redirect_uri: 'http://127.0.0.1:9/other' })).status).toBe(
      400,
    );
    const tokens = await cloud.requestToken({ ...grant, redirect_uri: BACK });
    expect(tokens.body).toMatchObject({
      token_type: 'Bearer',
      expires_in: 3600,
      user_id: expect.any(String),
    });
    cloud.useToken(tokens.body.access_token);
    const { locks } = (await cloud.call('GET', '/locks')).body;
    expect(locks.map(({ name }) => name)).toEqual(['Lake <House> Entrance', 'Lake <House> Shed']);
    expect(await (await ask()).text()).toContain('Lake &lt;House&gt; (2 locks)');
  });

  it('leads back with an error when denied, or when something other than a code is asked for', async () => {
    const denied = leadsTo(await decide({ decision: 'deny' }));
    expect(Object.fromEntries(denied)).toEqual({
      from: 'maker',
      error: 'access_denied',
      state: question.state,
    });
    expect(leadsTo(await ask({ response_type: 'token' })).get('error')).toBe('unsupported_response_type');
  });

  it.each<Record<string, string>>([
    { client_id: 'another' },
    { redirect_uri: 'javascript:alert(1)' },
    { redirect_uri: 'nowhere' },
    { redirect_uri: `${BACK}&more` },
    { redirect_uri: 'http://127.0.0.1:9/other' },
    { login_hint: 'tenant-a.forged' },
    { login_hint: '' },
  ])('sends nobody anywhere for %j', async (change) => {
    const response = await ask(change);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    expect((await decide({ ...change, decision: 'allow' })).headers.get('location')).toBeNull();
  });

  it.each([
    [{ account: 'new', new_account: ' ' }, 'a name'],
    [{ account: 'new', new_account: 'sandbox' }, 'of that name already'],
    [{ account: 'nobody' }, 'choose an account'],
  ])('shows the page again for %j', async (fields, problem) => {
    const response = await decide({ decision: 'allow', ...fields });
    expect(response.status).toBe(422);
    expect(await response.text()).toMatch(new RegExp(`role="alert">[^<]*${problem}`));
  });

  const hint = (tenant: string) =>
    `${tenant}.${createHmac('sha256', client.clientSecret).update(tenant).digest('base64url')}`;

  it('shows a tenant its own accounts and those that are nobody’s yet', async () => {
    const login_hint = hint('tenant-a');
    await decide({ login_hint, decision: 'allow', account: 'new', new_account: 'Lake House' });
    expect(await (await ask({ login_hint })).text()).toMatch(/sandbox.*Lake House/s);
    const theirs = await (await ask({ login_hint: hint('tenant-b') })).text();
    expect(theirs).toContain('sandbox');
    expect(theirs).not.toContain('Lake House');
    expect(await (await ask()).text()).not.toContain('Lake House');
  });

  it('gives no tenant an account of another one, whatever its form says', async () => {
    const { body } = await cloud.call('POST', '/simulator/owners', { tenant: 'tenant-a' });
    const account = body['account_id'] as string;
    const stolen = await decide({ login_hint: hint('tenant-b'), decision: 'allow', account });
    expect([stolen.status, stolen.headers.get('location')]).toEqual([422, null]);
    const own = await decide({ login_hint: hint('tenant-a'), decision: 'allow', account });
    expect(leadsTo(own).get('code')).toEqual(expect.any(String));
  });

  it('takes its form from its own page only', async () => {
    const { client_id, redirect_uri } = question;
    const body = new URLSearchParams({ client_id, redirect_uri, decision: 'deny' });
    const from = (headers: Record<string, string>) =>
      fetch(`${cloud.url}/oauth/authorize`, { method: 'POST', body, redirect: 'manual', headers });
    expect((await from({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await from({ origin: 'null' })).status).toBe(403);
    expect((await from({ origin: cloud.url })).status).toBe(303);
  });

  it('lets the client alone register where it is sent back to', async () => {
    const register = (secret: string) =>
      fetch(`${cloud.url}/oauth/client`, {
        method: 'PUT',
        headers: {
          authorization: `Basic ${Buffer.from(`${client.clientId}:${secret}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ redirect_uris: ['https://door.example/back'] }),
      });
    expect((await register('guessed')).status).toBe(401);
    expect((await ask({ redirect_uri: 'https://door.example/back' })).status).toBe(400);
    expect((await register(client.clientSecret)).status).toBe(200);
    expect((await ask({ redirect_uri: 'https://door.example/back' })).status).toBe(200);
    expect((await ask()).status).toBe(400);
  });

  it('gives tokens for a code once, within ten minutes, and to its client only', async () => {
    const authorize = async () => ({
      grant_type: 'authorization_code',
      code: (await cloud.call('POST', '/simulator/authorizations', {})).body.code,
    });
    const once = await authorize();
    const stolen = await cloud.requestToken({ ...once, client_secret: 'guessed' });
    expect([stolen.status, stolen.body.error]).toEqual([401, 'invalid_client']);
    const tokens = await cloud.requestToken(once);
    cloud.useToken(tokens.body.access_token);
    expect((await cloud.call('GET', '/locks')).status).toBe(200);
    const twice = await cloud.requestToken(once);
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_grant']);
    // Somebody else has seen the code: what it gave is worth nothing any more.
    expect((await cloud.call('GET', '/locks')).body.error_code).toBe('UNAUTHORIZED');

    const late = await authorize();
    await cloud.advance(600_000);
    expect((await cloud.requestToken(late)).body.error).toBe('invalid_grant');
    expect((await cloud.requestToken({ grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
  });

  it('ends access tokens after an hour, and refreshing ends none before', async () => {
    const { body } = await cloud.authorize();
    await cloud.advance(3_000_000);
    const grant = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    const refreshed = (await cloud.requestToken(grant)).body;
    expect(refreshed.user_id).toBe(body.user_id);
    expect((await cloud.call('GET', '/locks')).status).toBe(200);
    await cloud.advance(3_600_000);
    expect((await cloud.call('GET', '/locks')).status).toBe(401);
    cloud.useToken(refreshed.access_token);
    expect((await cloud.call('GET', '/locks')).status).toBe(200);
    cloud.useToken('');
    expect((await cloud.call('GET', '/locks')).body.error_code).toBe('UNAUTHORIZED');
  });
});
