import { DAY, HOUR } from '@latchkey/platform';
import { MemoryTokenStore } from '../testing/memory-token-store';
import { type Reply, ScriptedMaker } from '../testing/scripted-maker';
import { type LockCode, type LockRef } from '../lock-gateway';
import { HttpLockGateway } from './http-lock-gateway';
import { type LockMaker } from './lock-maker';

const now = Date.parse('2026-03-02T10:00:00.000Z');
const lock: LockRef = { accountId: 'account-1', maker: 'acme', lockId: 'front-door' };
const code: LockCode = { name: 'Guest', pin: '2580', window: null };
const window = { startsAt: now, endsAt: now + HOUR };

describe('HttpLockGateway', () => {
  let server: ScriptedMaker;
  let gateway: HttpLockGateway;

  const open = (maker: Partial<LockMaker> = {}) =>
    new HttpLockGateway({
      makers: new Map([['acme', { ...server.lockMaker, ...maker }]]),
      tokens: new MemoryTokenStore({
        'account-1': {
          accessToken: 'access-token',
          refreshToken: 'refresh-token',
          expiresAt: now + HOUR,
          userId: 'u',
        },
      }),
      clock: { now: () => now },
      timeoutMs: 400,
    });
  const answers = (reply: Reply) => {
    server.reply = () => reply;
  };
  const sent = () => ({ ...server.requests[0], body: JSON.parse(server.requests[0]?.body ?? '') });

  beforeEach(async () => {
    server = await ScriptedMaker.start();
    gateway = open();
  });

  afterEach(async () => {
    await gateway.close();
    await server.close();
  });

  describe('what it sends', () => {
    beforeEach(() => answers({ status: 201, body: { access_code_id: 'c1' } }));

    it('asks for a code without a word of a window if it has none', async () => {
      expect(await gateway.program(lock, code)).toEqual({ kind: 'accepted', lockCodeId: 'c1' });
      expect(sent()).toMatchObject({ method: 'POST', url: '/v1/locks/front-door/access_codes' });
      expect(sent().headers).toMatchObject({ authorization: 'Bearer access-token' });
      expect(sent().body).toEqual({ name: 'Guest', code: '2580' });
    });

    it('asks for a code with its window', async () => {
      await gateway.program(lock, { ...code, window });
      expect(sent().body).toEqual({
        name: 'Guest',
        code: '2580',
        starts_at: '2026-03-02T10:00:00.000Z',
        ends_at: '2026-03-02T11:00:00.000Z',
      });
    });

    it('changes everything about a code, its window to none as well', async () => {
      await gateway.change(lock, 'c1', { ...code, name: null });
      expect(sent()).toMatchObject({ method: 'PATCH', url: '/v1/access_codes/c1' });
      expect(sent().body).toEqual({ name: '', code: '2580', starts_at: null, ends_at: null });
    });

    it('keeps ids within their place in the path', async () => {
      await gateway.remove(lock, '../locks/x?y#z');
      expect(server.requests[0]?.url).toBe('/v1/access_codes/..%2Flocks%2Fx%3Fy%23z');
    });
  });

  describe('what it makes of an answer to a write', () => {
    const html = { 'content-type': 'text/html; charset=utf-8' };
    const wait = { 'retry-after': '7' };
    const dated = {
      date: 'Mon, 02 Mar 2026 10:00:00 GMT',
      'retry-after': 'Mon, 02 Mar 2026 10:01:30 GMT',
    };
    const past = { date: dated.date, 'retry-after': 'Mon, 02 Mar 2026 09:00:00 GMT' };

    it.each<[string, Reply, object]>([
      [
        'an id',
        { status: 201, body: { access_code_id: 'c1', new_field: 1 } },
        { kind: 'accepted', lockCodeId: 'c1' },
      ],
      [
        'a number for an id',
        { status: 200, body: { access_code_id: 17 } },
        { kind: 'accepted', lockCodeId: '17' },
      ],
      ['no id', { status: 201, body: { status: 'pending' } }, { kind: 'unknown' }],
      ['an id that would climb', { status: 201, body: { access_code_id: '..' } }, { kind: 'unknown' }],
      ['success without a body', { status: 201 }, { kind: 'unknown' }],
      ['success without JSON', { status: 200, headers: html, body: '<p>Hello' }, { kind: 'unknown' }],
      [
        'a refusal',
        { status: 409, body: { error_code: 'DEVICE_OFFLINE', message: 'Off.' } },
        { kind: 'refused', errorCode: 'DEVICE_OFFLINE', message: 'Off.' },
      ],
      [
        'a refusal with a code alone',
        { status: 422, body: { error_code: 'invalid-pin' } },
        { kind: 'refused', errorCode: 'INVALID_PIN', message: 'Acme Locks refused (INVALID_PIN).' },
      ],
      ['a refusal without words', { status: 400 }, { kind: 'refused', errorCode: 'HTTP_400' }],
      [
        'a refusal that is not JSON',
        { status: 409, body: 'PIN_CONFLICT' },
        { kind: 'refused', errorCode: 'HTTP_409' },
      ],
      [
        'a refusal with a code of another kind',
        { status: 409, body: { error_code: { a: 1 } } },
        { kind: 'refused', errorCode: 'HTTP_409' },
      ],
      ['a firewall’s page', { status: 403, headers: html, body: '<p>No.' }, { kind: 'unreachable' }],
      ['too many requests', { status: 429, headers: wait }, { kind: 'unreachable', retryAfterMs: 7000 }],
      ['maintenance', { status: 503, headers: dated }, { kind: 'unreachable', retryAfterMs: 90_000 }],
      [
        'maintenance that should be over',
        { status: 503, headers: past },
        { kind: 'unreachable', retryAfterMs: 0 },
      ],
      [
        'maintenance for ever',
        { status: 503, headers: { 'retry-after': '99999999999' } },
        { kind: 'unreachable', retryAfterMs: DAY },
      ],
      [
        'maintenance without a time',
        { status: 503, headers: { 'retry-after': 'soon' } },
        { kind: 'unreachable', message: 'Acme Locks is not serving requests (HTTP 503).' },
      ],
      [
        'maintenance with a code',
        { status: 503, body: { error_code: 'SERVICE_UNAVAILABLE' } },
        { kind: 'unreachable' },
      ],
      [
        'one lock that is away',
        { status: 503, body: { error_code: 'DEVICE_OFFLINE' } },
        { kind: 'refused', errorCode: 'DEVICE_OFFLINE' },
      ],
      ['a request it did not wait for', { status: 408 }, { kind: 'unreachable' }],
      ['a failure', { status: 500, body: { error_code: 'OOPS' } }, { kind: 'unknown' }],
      ['a failure of the proxy', { status: 502 }, { kind: 'unknown' }],
      ['a timeout of the proxy', { status: 504 }, { kind: 'unknown' }],
      ['another address', { status: 307, headers: { location: '/v2' } }, { kind: 'unreachable' }],
      ['somewhere to look', { status: 303, headers: { location: '/v2' } }, { kind: 'unknown' }],
      ['a connection that is lost', 'drop', { kind: 'unknown' }],
      ['half an answer', 'drop amid the answer', { kind: 'unknown' }],
      ['nothing at all', 'hang', { kind: 'unknown' }],
    ])('%s', async (_what, reply, expected) => {
      answers(reply);
      expect(await gateway.program(lock, code)).toMatchObject(expected);
      expect(server.requests).toHaveLength(1);
    });

    it.each<[string, Reply, object]>([
      ['nothing', { status: 204 }, { kind: 'accepted', lockCodeId: 'c1' }],
      ['a status', { status: 200, body: { status: 'pending' } }, { kind: 'accepted', lockCodeId: 'c1' }],
      ['success without JSON', { status: 200, body: 'OK' }, { kind: 'unknown' }],
      ['success with a list', { status: 200, body: [] }, { kind: 'unknown' }],
      ['not found', { status: 404 }, { kind: 'refused', errorCode: 'NOT_FOUND' }],
      [
        'not found, in other words',
        { status: 404, body: { error_code: 'GONE' } },
        { kind: 'refused', errorCode: 'NOT_FOUND' },
      ],
      ['a proxy’s page', { status: 404, headers: html, body: '<p>Not found' }, { kind: 'unreachable' }],
    ])('of removal: %s', async (_what, reply, expected) => {
      answers(reply);
      expect(await gateway.remove(lock, 'c1')).toMatchObject(expected);
    });

    it('takes the new id of a code that got one by a change', async () => {
      answers({ status: 200, body: { access_code_id: 'c2' } });
      expect(await gateway.change(lock, 'c1', code)).toEqual({ kind: 'accepted', lockCodeId: 'c2' });
    });
  });

  describe('what it makes of an answer to a read', () => {
    const entry = { access_code_id: 'c1', name: 'Guest', code: '2580', status: 'active' };
    const guest = { ...code, lockCodeId: 'c1', status: 'active' };
    const from = { starts_at: '2026-03-02T11:00:00+01:00' };
    const until = { ends_at: '2026-03-02T11:00:00.000Z' };

    it.each<[string, object, object]>([
      ['a code', {}, guest],
      ['a code with a window', { ...from, ...until }, { ...guest, window }],
      [
        'a code with a window that names no offset',
        { starts_at: '2026-03-02T10:00:00', ends_at: '2026-03-02T11:00:00.000' },
        { ...guest, window },
      ],
      ['a code without an end', from, { ...guest, window: { startsAt: now, endsAt: 8.64e15 } }],
      ['a code without a start', until, { ...guest, window: { startsAt: -8.64e15, endsAt: window.endsAt } }],
      ['a code without a name', { name: '' }, { ...guest, name: null }],
      ['a code to come', { status: 'pending' }, { ...guest, status: 'pending' }],
      ['a code of which nothing is known', { status: 'confused' }, { ...guest, status: 'pending' }],
    ])('%s', async (_what, fields, expected) => {
      answers({ status: 200, body: { access_codes: [{ ...entry, ...fields }] } });
      expect(await gateway.list(lock)).toEqual({ kind: 'answered', value: [expected] });
    });

    it.each<[string, Reply, object]>([
      ['no list', { status: 200, body: {} }, { kind: 'unknown' }],
      [
        'a code without an id',
        { status: 200, body: { access_codes: [{ code: '2580' }] } },
        { kind: 'unknown' },
      ],
      [
        'a code without a PIN',
        { status: 200, body: { access_codes: [{ ...entry, code: null }] } },
        { kind: 'unknown' },
      ],
      [
        'a code with an odd start',
        { status: 200, body: { access_codes: [{ ...entry, starts_at: 'noon' }] } },
        { kind: 'unknown' },
      ],
      ['no body', { status: 200 }, { kind: 'unknown' }],
      ['a failure', { status: 500 }, { kind: 'unreachable' }],
      ['a failure of the proxy', { status: 502 }, { kind: 'unreachable' }],
      [
        'no such lock',
        { status: 404, body: { error_code: 'NOT_FOUND' } },
        { kind: 'refused', errorCode: 'NOT_FOUND' },
      ],
      ['a connection that is lost', 'drop', { kind: 'unknown' }],
      ['nothing at all', 'hang', { kind: 'unknown' }],
    ])('of codes: %s', async (_what, reply, expected) => {
      answers(reply);
      expect(await gateway.list(lock)).toMatchObject(expected);
    });

    it('describes a lock, and falls back to what is configured where the maker is silent', async () => {
      const capabilities = { native_scheduling: true, supported_code_lengths: [6] };
      answers({
        status: 200,
        body: {
          locks: [
            {
              lock_id: 'a',
              name: 'Door',
              online: false,
              bridge_online: false,
              battery_level: 87,
              device_time: '2026-03-02T10:00:05Z',
              timezone: 'Europe/Vienna',
              device_model: 'M1',
              updated_at: 'v7',
              capabilities,
            },
            { device_id: 17, battery_level: 'full', name: null, device_time: 'late' },
          ],
        },
      });
      await gateway.close();
      gateway = open({ capabilities: { maxActiveCodes: 12, canRemotelyLock: false } });
      const configured = {
        maxActiveCodes: 12,
        canRemotelyLock: false,
        canRemotelyUnlock: true,
        codeConstraints: [],
      };
      expect(await gateway.locks(lock)).toEqual({
        kind: 'answered',
        value: [
          {
            lockId: 'a',
            name: 'Door',
            model: 'M1',
            online: false,
            hubOnline: false,
            batteryLevel: 0.87,
            timeZone: 'Europe/Vienna',
            clockDrift: 5000,
            updatedAt: 'v7',
            capabilities: { ...configured, nativeScheduling: true, supportedCodeLengths: [6] },
          },
          {
            lockId: '17',
            name: '17',
            model: null,
            online: true,
            batteryLevel: null,
            timeZone: null,
            clockDrift: null,
            updatedAt: null,
            capabilities: { ...configured, nativeScheduling: false, supportedCodeLengths: [4, 5, 6, 7, 8] },
          },
        ],
      });
    });

    it('does not let one lock that is described badly cost the others their news', async () => {
      const capabilities = { native_scheduling: 'yes', supported_code_lengths: [], max_active_codes: 9 };
      answers({
        status: 200,
        body: {
          locks: [
            { lock_id: 'a', online: 'no', capabilities },
            { lock_id: 'b', capabilities: 'all' },
          ],
        },
      });
      const silent = { nativeScheduling: false, supportedCodeLengths: [4, 5, 6, 7, 8] };
      expect(await gateway.locks(lock)).toMatchObject({
        kind: 'answered',
        value: [
          { lockId: 'a', online: true, capabilities: { ...silent, maxActiveCodes: 9 } },
          { lockId: 'b', capabilities: { ...silent, maxActiveCodes: null } },
        ],
      });
    });

    it('does not take a list with a nameless lock for one without it', async () => {
      answers({ status: 200, body: { locks: [{ lock_id: 'a' }, { name: 'Which?' }] } });
      expect(await gateway.locks(lock)).toMatchObject({ kind: 'unknown' });
    });
  });

  it('says unreachable of makers that nobody configured, and of accounts without a grant unauthorized', async () => {
    expect(await gateway.list({ ...lock, maker: 'other' })).toMatchObject({ kind: 'unreachable' });
    expect(await gateway.list({ ...lock, accountId: 'other' })).toMatchObject({ kind: 'unauthorized' });
    expect(server.requests).toHaveLength(0);
  });
});
