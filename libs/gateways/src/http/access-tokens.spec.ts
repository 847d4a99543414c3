import { HOUR } from '@latchkey/platform';
import { MemoryTokenStore } from '../testing/memory-token-store';
import { type Reply, ScriptedMaker } from '../testing/scripted-maker';
import { type LockRef } from '../lock-gateway';
import { HttpLockGateway } from './http-lock-gateway';
import { type AccountTokens } from './token-store';

const start = Date.parse('2026-03-02T10:00:00.000Z');
const lock: LockRef = { accountId: 'account-1', maker: 'acme', lockId: 'front-door' };
const code = { name: 'Guest', pin: '2580', window: null };
const tokens = (n: number, expiresAt = start + HOUR): AccountTokens => ({
  accessToken: `access-${n}`,
  refreshToken: `refresh-${n}`,
  expiresAt,
  userId: 'owner',
});

/** A maker that draws new tokens at each refresh and takes only the newest of each kind. */
class RotatingMaker {
  readonly server: ScriptedMaker;
  newest = 1;
  refreshes = 0;
  /** What to answer instead, once for each. */
  readonly refreshReplies: Reply[] = [];
  before: () => Promise<void> | void = () => undefined;

  constructor(server: ScriptedMaker) {
    this.server = server;
    server.reply = async ({ url, headers, body }) => {
      if (!url.endsWith('/oauth/token')) {
        const good = headers.authorization === `Bearer access-${this.newest}`;
        return good ? { status: 201, body: { access_code_id: 'c1' } } : { status: 401 };
      }
      this.refreshes += 1;
      await this.before();
      const scripted = this.refreshReplies.shift();
      if (scripted !== undefined) return scripted;
      const form = new URLSearchParams(body);
      if (form.get('refresh_token') !== `refresh-${this.newest}`) {
        return {
          status: 400,
          body: { error: 'invalid_grant', error_description: form.get('refresh_token') },
        };
      }
      this.newest += 1;
      const { accessToken, refreshToken } = tokens(this.newest);
      const rest = { token_type: 'bearer', expires_in: 3600, user_id: 'owner' };
      return { status: 200, body: { access_token: accessToken, refresh_token: refreshToken, ...rest } };
    };
  }

  get writes(): number {
    return this.server.requests.filter(({ url }) => url.endsWith('/access_codes')).length;
  }
}

describe('access tokens', () => {
  let maker: RotatingMaker;
  let store: MemoryTokenStore;
  let now: number;
  const gateways: HttpLockGateway[] = [];

  const open = (tokenStore = store) => {
    const gateway = new HttpLockGateway({
      makers: new Map([['acme', maker.server.lockMaker]]),
      tokens: tokenStore,
      clock: { now: () => now },
      timeoutMs: 5000,
    });
    gateways.push(gateway);
    return gateway;
  };
  const accepted = { kind: 'accepted', lockCodeId: 'c1' };

  beforeEach(async () => {
    now = start;
    maker = new RotatingMaker(await ScriptedMaker.start());
    store = new MemoryTokenStore({ 'account-1': tokens(1) });
  });

  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.close();
    await maker.server.close();
  });

  it('are left alone while they are good', async () => {
    expect(await open().program(lock, code)).toEqual(accepted);
    expect(maker.refreshes).toBe(0);
  });

  it('are refreshed before they end, and kept', async () => {
    now = start + HOUR - 30_000;
    expect(await open().program(lock, code)).toEqual(accepted);
    expect(maker).toMatchObject({ refreshes: 1, writes: 1 });
    expect(await store.get('account-1')).toEqual(tokens(2, now + HOUR));
  });

  it('are refreshed once after a 401, and the call is repeated', async () => {
    await store.put('account-1', { ...tokens(1), accessToken: 'revoked' });
    expect(await open().program(lock, code)).toEqual(accepted);
    expect(maker).toMatchObject({ refreshes: 1, writes: 2 });
  });

  it('are refreshed by one request, however many calls need them', async () => {
    now = start + HOUR;
    const gateway = open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.program(lock, code)));
    expect(answers).toEqual(Array.from({ length: 20 }, () => accepted));
    expect(maker.refreshes).toBe(1);
  });

  it('refreshed by another process are picked up after a 401', async () => {
    const gateway = open();
    maker.newest = 5;
    const read = store.get.bind(store);
    let reads = 0;
    store.get = async (accountId) => {
      reads += 1;
      if (reads === 2) await store.put(accountId, tokens(5));
      return read(accountId);
    };
    expect(await gateway.program(lock, code)).toEqual(accepted);
    expect(maker.refreshes).toBe(0);
  });

  it('refreshed by another process at the same time are picked up when the refresh is refused', async () => {
    now = start + HOUR;
    maker.newest = 5;
    maker.before = () => store.put('account-1', tokens(5, now + HOUR));
    expect(await open().program(lock, code)).toEqual(accepted);
    expect(await store.get('account-1')).toEqual(tokens(5, now + HOUR));
  });

  it('survive two processes that refresh at once', async () => {
    now = start + HOUR;
    const [one, other] = [open(), open()];
    const answers = await Promise.all([one.program(lock, code), other.program(lock, code)]);
    expect(answers).toEqual([accepted, accepted]);
    expect(await store.get('account-1')).toMatchObject({ refreshToken: 'refresh-2' });
  });

  it('that can be refreshed no more mean that the account is lost', async () => {
    now = start + HOUR;
    maker.newest = 5;
    const answer = await open().program(lock, code);
    expect(answer).toEqual({ kind: 'unauthorized', message: "Acme Locks has ended the account's grant." });
    expect(maker.writes).toBe(0);
  });

  it('are used to their end while the maker cannot refresh them', async () => {
    now = start + HOUR - 30_000;
    maker.refreshReplies.push({ status: 503 });
    expect(await open().program(lock, code)).toEqual(accepted);
  });

  it.each<[string, Reply, object]>([
    [
      'is down',
      { status: 503, headers: { 'retry-after': '5' } },
      { kind: 'unreachable', retryAfterMs: 5000 },
    ],
    ['fails', { status: 500 }, { kind: 'unreachable' }],
    ['drops the connection', 'drop', { kind: 'unreachable' }],
    ['answers nonsense', { status: 200, body: { access_token: '' } }, { kind: 'unreachable' }],
    [
      'gives tokens of another type',
      { status: 200, body: { access_token: 'a', token_type: 'mac' } },
      { kind: 'unreachable' },
    ],
    ['does not know us', { status: 401, body: { error: 'invalid_client' } }, { kind: 'unreachable' }],
  ])('that have ended, while the maker %s, mean that nothing was sent', async (_what, reply, expected) => {
    now = start + HOUR;
    maker.refreshReplies.push(reply);
    expect(await open().program(lock, code)).toMatchObject(expected);
    expect(maker.writes).toBe(0);
    expect(await open().program(lock, code)).toEqual(accepted);
  });

  it('that the maker refuses as soon as it has given them do not end in a loop', async () => {
    const gateway = open();
    const reply = maker.server.reply;
    maker.server.reply = (request) =>
      request.url.endsWith('/oauth/token') ? reply(request) : { status: 401 };
    expect(await gateway.program(lock, code)).toMatchObject({ kind: 'unreachable' });
    expect(maker).toMatchObject({ refreshes: 2, writes: 3 });
  });

  it('keep their refresh token if the maker gives no new one', async () => {
    now = start + HOUR;
    const fresh = { access_token: 'access-1', token_type: 'Bearer', expires_in: '1800' };
    maker.refreshReplies.push({ status: 200, body: fresh });
    expect(await open().program(lock, code)).toEqual(accepted);
    expect(await store.get('account-1')).toEqual(tokens(1, now + 1_800_000));
  });

  it('that the store would not take are not lost: they are put there with the next call', async () => {
    now = start + HOUR;
    const gateway = open();
    const put = store.put.bind(store);
    store.put = () => Promise.reject(new Error('disk full'));
    await expect(gateway.program(lock, code)).rejects.toThrow('disk full');
    expect(maker.writes).toBe(0);
    store.put = put;
    expect(await gateway.program(lock, code)).toEqual(accepted);
    expect(maker).toMatchObject({ refreshes: 1, newest: 2 });
    expect(await store.get('account-1')).toMatchObject({ refreshToken: 'refresh-2' });
  });

  it('that the store would not take give way to those of a new grant', async () => {
    now = start + HOUR;
    const gateway = open();
    const put = store.put.bind(store);
    store.put = () => Promise.reject(new Error('disk full'));
    await expect(gateway.program(lock, code)).rejects.toThrow('disk full');
    maker.newest = 9;
    await put('account-1', tokens(9, now + HOUR));
    store.put = put;
    expect(await gateway.program(lock, code)).toEqual(accepted);
    expect(await store.get('account-1')).toMatchObject({ refreshToken: 'refresh-9' });
  });

  it('of a grant that was taken back meanwhile are gone', async () => {
    const gateway = open();
    store.delete('account-1');
    expect(await gateway.program(lock, code)).toMatchObject({ kind: 'unauthorized' });
  });
});
