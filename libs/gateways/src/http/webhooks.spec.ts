import { HOUR } from '@latchkey/platform';
import fc from 'fast-check';
import { startLockCloud } from '../../../../apps/lock-cloud/src/index';
import { MemoryTokenStore } from '../testing/memory-token-store';
import { type Reply, ScriptedMaker } from '../testing/scripted-maker';
import { simulatedCloud, type SimulatedCloud } from '../testing/simulated-cloud';
import { HttpLockGateway } from './http-lock-gateway';
import { MalformedReport, parseReport } from './webhooks';

const base = { device_id: 'd1', timestamp: '2026-03-02T11:00:00+01:00' };
const at = '2026-03-02T10:00:00.000Z';
const outcome = { kind: 'code-outcome', lockId: 'd1', lockCodeId: 'c1', success: true, errorCode: null };
const action = {
  kind: 'action-completed',
  lockId: 'd1',
  actionId: 'ours',
  success: true,
  errorCode: null,
  performedVia: null,
};

describe('parseReport', () => {
  it.each<[string, object, object | null]>([
    [
      'access_code.created',
      { access_code_id: 'c1', status: 'success' },
      { ...outcome, operation: 'created' },
    ],
    [
      'access_code.updated',
      { access_code_id: 'c1', status: 'success', more: 1 },
      { ...outcome, operation: 'updated' },
    ],
    [
      'access_code.deleted',
      { access_code_id: 'c1', status: 'failed', error_code: 'device_offline' },
      { ...outcome, operation: 'deleted', success: false, errorCode: 'DEVICE_OFFLINE' },
    ],
    [
      'access_code.created',
      { access_code_id: 'c1', status: 'failed', error_code: 'PIN 2580 is bad' },
      { ...outcome, operation: 'created', success: false, errorCode: 'UNSPECIFIED' },
    ],
    [
      'access_code.created',
      { access_code_id: 17, status: 'success' },
      { ...outcome, lockCodeId: '17', operation: 'created' },
    ],
    ['access_code.used', { access_code_id: 'c1' }, { kind: 'code-used', lockId: 'd1', lockCodeId: 'c1', at }],
    [
      'access_code.used',
      { timestamp: 'noon' },
      { kind: 'code-used', lockId: 'd1', lockCodeId: null, at: null },
    ],
    ['access_code.incorrect_attempt', { code: '2580' }, { kind: 'incorrect-attempt', lockId: 'd1', at }],
    ['lock.action_completed', { custom_id: 'ours', action_id: 'theirs', status: 'success' }, action],
    [
      'lock.action_completed',
      { action_id: 'theirs', status: 'failed', error_code: 'LOCK_JAMMED', performed_via: 'manual_turn' },
      {
        ...action,
        actionId: 'theirs',
        success: false,
        errorCode: 'LOCK_JAMMED',
        performedVia: 'manual_turn',
      },
    ],
    ['lock.action_completed', { status: 'success', performed_via: 'magic' }, { ...action, actionId: null }],
    [
      'lock.action_completed',
      { status: 'success', performed_via: 'fob_card', action: 'lock', event_id: 'e1' },
      { ...action, actionId: null, performedVia: 'fob_card', action: 'lock', id: 'e1' },
    ],
    ['lock.action_completed', { status: 'success', action: 'open' }, { ...action, actionId: null }],
    [
      'access_code.used',
      { access_code_id: 'c1', event_id: 17 },
      { kind: 'code-used', lockId: 'd1', lockCodeId: 'c1', at, id: '17' },
    ],
    ['access_code.incorrect_attempt', { event_id: {} }, { kind: 'incorrect-attempt', lockId: 'd1', at }],
    ['device.added', {}, { kind: 'added', lockId: 'd1' }],
    ['device.removed', {}, { kind: 'removed', lockId: 'd1' }],
    ['device.online', {}, { kind: 'online', lockId: 'd1' }],
    ['device.offline', {}, { kind: 'offline', lockId: 'd1' }],
    ['device.low_battery', {}, { kind: 'low-battery', lockId: 'd1' }],
    ['device.time_wrong', { device_id: undefined, lock_id: 'd2' }, { kind: 'time-wrong', lockId: 'd2' }],
    ['bridge.offline', { bridge_id: 'b1' }, { kind: 'offline', lockId: 'd1' }],
    ['bridge.offline', { bridge_id: 'b1', device_id: null }, null],
    ['device.sang', {}, null],
    ['constructor', {}, null],
  ])('%s %j', (event_type, fields, expected) => {
    expect(parseReport({ event_type, ...base, ...fields })).toEqual(expected);
  });

  it.each<[unknown, string]>([
    [null, 'The report is not an object.'],
    ['device.online', 'The report is not an object.'],
    [[], 'The report is not an object.'],
    [{}, "The report's event_type is missing or wrong."],
    [{ event_type: 7 }, "The report's event_type is missing or wrong."],
    [{ event_type: 'device.online' }, "The report's device_id is missing or wrong."],
    [{ event_type: 'access_code.created', ...base }, "The report's access_code_id is missing or wrong."],
    [
      { event_type: 'access_code.created', ...base, access_code_id: 'c1', status: 'pending' },
      "The report's status is missing or wrong.",
    ],
    [{ event_type: 'lock.action_completed', ...base }, "The report's status is missing or wrong."],
  ])('does not take %j', (body, message) => {
    expect(() => parseReport(body)).toThrow(new MalformedReport(message));
  });

  it('takes anything, or says that it is malformed', () => {
    const types = fc.constantFrom(
      'access_code.created',
      'lock.action_completed',
      'access_code.used',
      'device.added',
      '__proto__',
    );
    const some = fc.record({
      event_type: types,
      device_id: fc.jsonValue(),
      access_code_id: fc.jsonValue(),
      status: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), some), (body) => {
        let thrown: unknown;
        try {
          parseReport(body);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === undefined || thrown instanceof MalformedReport).toBe(true);
      }),
    );
  });
});

describe('registerWebhook', () => {
  const account = { accountId: 'account-1', maker: 'acme' };
  const url = 'https://latchkey.example/reports/a-path-that-nobody-guesses';
  let server: ScriptedMaker;
  let gateway: HttpLockGateway;
  const answers = (listed: Reply, made: Reply) => {
    server.reply = ({ method }) => (method === 'GET' ? listed : made);
  };
  const made = () =>
    server.requests.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body));

  beforeEach(async () => {
    server = await ScriptedMaker.start();
    const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: HOUR, userId: 'u' };
    gateway = new HttpLockGateway({
      makers: new Map([['acme', server.lockMaker]]),
      tokens: new MemoryTokenStore({ 'account-1': tokens }),
      clock: { now: () => 0 },
    });
  });

  afterEach(async () => {
    await gateway.close();
    await server.close();
  });

  it.each<[string, Reply]>([
    ['there is none', { status: 200, body: { webhooks: [] } }],
    [
      'there is another',
      { status: 200, body: { webhooks: [{ webhook_id: 'w0', url: 'https://other', events: [] }] } },
    ],
    [
      'it lacks events',
      { status: 200, body: { webhooks: [{ webhook_id: 'w0', url, events: ['device.added'] }] } },
    ],
    ['the maker does not list them', { status: 404 }],
    ['the list is not understood', { status: 200, body: [] }],
  ])('makes one if %s', async (_why, listed) => {
    answers(listed, { status: 201, body: { webhook_id: 'w1', status: 'active' } });
    expect(await gateway.registerWebhook(account, url)).toEqual({
      kind: 'answered',
      value: { webhookId: 'w1' },
    });
    expect(made()).toEqual([
      { url, events: expect.arrayContaining(['access_code.created', 'device.removed']) },
    ]);
  });

  it.each<[string, Reply, Reply, object]>([
    ['the maker is down', { status: 503 }, { status: 201 }, { kind: 'unreachable' }],
    [
      'it is refused',
      { status: 404 },
      { status: 422, body: { error_code: 'BAD_URL', message: `No: ${url}` } },
      { kind: 'refused', errorCode: 'BAD_URL', message: 'No: •' },
    ],
    ['the answer is not understood', { status: 404 }, { status: 201, body: {} }, { kind: 'unknown' }],
  ])('says so if %s, and does not tell the URL', async (_why, listed, reply, expected) => {
    answers(listed, reply);
    expect(await gateway.registerWebhook(account, url)).toMatchObject(expected);
  });

  describe('at the simulated cloud', () => {
    let cloud: SimulatedCloud;

    beforeAll(async () => {
      cloud = await simulatedCloud(({ now, ...client }) =>
        startLockCloud({
          port: 0,
          dataDir: ':memory:',
          locks: 'none',
          clock: { now, running: false },
          ...client,
        }),
      );
    });

    afterAll(() => cloud.close());

    it('leaves the one that is there', async () => {
      const first = await cloud.gateway.registerWebhook(cloud.account, cloud.reportsUrl);
      expect(first).toMatchObject({ kind: 'answered' });
      expect(await cloud.gateway.registerWebhook(cloud.account, cloud.reportsUrl)).toEqual(first);
      const lock = await cloud.freshLock();
      await cloud.gateway.program(lock, { name: 'Guest', pin: '2580', window: null });
      await cloud.settle();
      expect(cloud.reports().filter(({ kind }) => kind === 'code-outcome')).toHaveLength(1);
    });

    it('ends those with that ending, and no others', async () => {
      const { account, gateway, reportsUrl } = cloud;
      await gateway.registerWebhook(account, reportsUrl);
      const other = await gateway.registerWebhook(account, 'http://127.0.0.1:9/another');
      const ending = new URL(reportsUrl).pathname;
      const ended = { kind: 'answered', value: { ended: 1 } };
      expect(await gateway.unregisterWebhooks(account, ending)).toEqual(ended);
      expect(await gateway.unregisterWebhooks(account, ending)).toEqual({ ...ended, value: { ended: 0 } });
      expect(await gateway.registerWebhook(account, 'http://127.0.0.1:9/another')).toEqual(other);
      const lock = await cloud.freshLock();
      const before = cloud.reports().length;
      await gateway.program(lock, { name: 'Guest', pin: '2580', window: null });
      await cloud.settle();
      expect(cloud.reports()).toHaveLength(before);
    });
  });
});
