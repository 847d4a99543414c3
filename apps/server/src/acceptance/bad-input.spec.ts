import { DAY, HOUR, iso } from '@latchkey/platform';
import { randomUUID } from 'node:crypto';
import { useServer } from '../testing/use-server';

const world = useServer();
let device_id: string;
let ours: string;

beforeAll(async () => {
  ({ deviceId: device_id } = await world.locks.add());
  ours = (await world.api.create({ device_id, name: 'Ours', code: '4821' })).access_code_id;
}, 60_000);

const everything = async () => JSON.stringify(await world.api.ask('/access_codes/list'));

async function raw(
  path: string,
  init: RequestInit,
): Promise<{ status: number; text: string; headers: Headers }> {
  const { url, key } = world.api;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...init.headers };
  const answer = await fetch(url + path, { method: 'POST', ...init, headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

function expectSeamError(text: string): void {
  expect(JSON.parse(text)).toMatchObject({
    ok: false,
    error: { type: expect.any(String), message: expect.any(String) },
  });
}

describe('creating a code with what makes no sense', () => {
  const now = Date.now();
  const cases: [string, Record<string, unknown>][] = [
    ['an unknown parameter', { colour: 'blue' }],
    ['a number for a name', { name: 5 }],
    ['an object for a name', { name: { $ne: null } }],
    ['a blank name', { name: '   ' }],
    ['a name that is too long', { name: 'x'.repeat(201) }],
    ['a name with a NUL', { name: 'a\u0000b' }],
    ['a name with half a character', { name: 'a\ud800b' }],
    ['a PIN of three digits', { code: '123' }],
    ['a PIN of thirteen digits', { code: '1234567890123' }],
    ['a PIN with letters', { code: '12ab' }],
    ['a PIN as a number', { code: 4444 }],
    ['a PIN with other digits', { code: '١٢٣٤' }],
    ['an end before the start', { starts_at: iso(now + 2 * HOUR), ends_at: iso(now + HOUR) }],
    ['an end at the start', { starts_at: iso(now + HOUR), ends_at: iso(now + HOUR) }],
    ['an end in the past', { starts_at: iso(now - 2 * DAY), ends_at: iso(now - DAY) }],
    ['a start alone', { starts_at: iso(now + HOUR) }],
    ['an end alone', { ends_at: iso(now + HOUR) }],
    ['no date', { starts_at: 'tomorrow', ends_at: iso(now + HOUR) }],
    ['a date that does not exist', { starts_at: '2030-02-30T00:00:00Z', ends_at: '2030-03-01T00:00:00Z' }],
    ['a number for a date', { starts_at: now, ends_at: now + HOUR }],
    ['a date beyond all dates', { starts_at: iso(now), ends_at: '+999999-01-01T00:00:00Z' }],
    ['no device', { device_id: undefined }],
    ['a list for a device', { device_id: [randomUUID()] }],
    ['a text for a flag', { prefer_native_scheduling: 'perhaps' }],
    ['null for a device', { device_id: null }],
    ['an offline code', { is_offline_access_code: true }],
    ['a prototype', { ['__proto__']: { polluted: true }, constructor: 1 }],
  ];

  it.each(cases)("%s is a 400 in Seam's shape, and nothing is stored", async (_what, params) => {
    const before = await everything();
    const { status, body } = await world.api.call('/access_codes/create', { device_id, ...params });
    expect([status, body]).toMatchObject([400, { ok: false, error: { type: 'invalid_input' } }]);
    expect(await everything()).toBe(before);
  });

  it("another's, or no, device is a 404", async () => {
    for (const none of [randomUUID(), 'front-door']) {
      const { status, body } = await world.api.call('/access_codes/create', { device_id: none });
      expect([status, body.error!.type]).toEqual([404, 'device_not_found']);
    }
  });
});

describe('a device id that could be none', () => {
  const many = '/access_codes/create_multiple';
  const codeGone = 'access_code_not_found';
  const byPin = (deviceId: string) => ({ device_id: deviceId, code: '1234' });
  const cases: [string, (id: string) => Record<string, unknown>, string][] = [
    [many, (id) => ({ device_ids: [id] }), 'device_not_found'],
    [many, (id) => ({ device_ids: [device_id, id] }), 'device_not_found'],
    ['/access_codes/get', byPin, codeGone],
    ['/access_codes/unmanaged/get', byPin, codeGone],
    ['/access_codes/delete', (id) => ({ access_code_id: ours, device_id: id }), codeGone],
    ['/events/get', (id) => ({ device_id: id, event_type: 'device.connected' }), 'event_not_found'],
    ['/locks/unlock_door', (id) => ({ device_id: id }), 'device_not_found'],
  ];

  it.each(cases)('is answered as an unknown one is: %s', async (path, params, type) => {
    const before = await everything();
    for (const none of [randomUUID(), 'front-door', '1; drop table codes', 'x'.repeat(200)]) {
      const { status, body } = await world.api.call(path, params(none));
      expect([none, status, body.error!.type]).toEqual([none, 404, type]);
    }
    expect(await everything()).toBe(before);
  });

  it.each([
    ['a list with a blank', ['']],
    ['a list with a number', ['front-door', 7]],
    ['an empty list', []],
    ['too long a list', Array.from({ length: 101 }, () => 'front-door')],
    ['no list', 'front-door'],
  ])('does not excuse %s', async (_what, device_ids) => {
    const { status, body } = await world.api.call(many, { device_ids });
    expect([status, body.error!.type]).toEqual([400, 'invalid_input']);
  });
});

describe('changing a code with what makes no sense', () => {
  const now = Date.now();
  it.each<[string, Record<string, unknown>]>([
    ['a start alone on an ongoing code', { starts_at: iso(now + HOUR) }],
    ['time-bound without a window', { type: 'time_bound' }],
    ['ongoing with an end', { type: 'ongoing', ends_at: iso(now + HOUR) }],
    ['an end before its start', { starts_at: iso(now + DAY), ends_at: iso(now + HOUR) }],
    ['another device', { device_id: randomUUID() }],
    ['an unknown type', { type: 'sometimes' }],
    ['a PIN of letters', { code: 'abcd' }],
    ['an unknown parameter', { colour: 'blue' }],
  ])('%s is a 400, and nothing is stored', async (_what, params) => {
    const before = await everything();
    const { status, body } = await world.api.call('/access_codes/update', {
      access_code_id: ours,
      ...params,
    });
    expect([status, body]).toMatchObject([400, { ok: false, error: { type: 'invalid_input' } }]);
    expect(await everything()).toBe(before);
  });

  it.each(['get', 'update', 'delete'])('%s of a code that is not there is a 404', async (what) => {
    const { status, body } = await world.api.call(`/access_codes/${what}`, { access_code_id: randomUUID() });
    expect([status, body.error!.type]).toEqual([404, 'access_code_not_found']);
  });
});

describe('a malformed request', () => {
  it.each([
    ['broken JSON', '{"device_id": '],
    ['a list', '[]'],
    ['a text', '"hello"'],
    ['null', 'null'],
    ['a number', '5'],
    ['bytes that are not text', '\xff\xfe'],
    ['deep nesting', '['.repeat(5000) + ']'.repeat(5000)],
    ['a megabyte', JSON.stringify({ device_id: '', name: 'x'.repeat(1024 * 1024) })],
    ['eight megabytes', JSON.stringify({ device_id: '', name: 'x'.repeat(8 * 1024 * 1024) })],
  ])('%s is a 400', async (_what, body) => {
    const before = await everything();
    const { status, text } = await raw('/access_codes/create', { body });
    expect(status).toBe(400);
    expectSeamError(text);
    expect(await everything()).toBe(before);
  });

  it.each([
    ['without a key', { authorization: '' }],
    ['with an invalid key', { authorization: 'Bearer seam_nothing' }],
    ['with another scheme', { authorization: 'Basic c2VhbTo=' }],
  ])('%s is a 401', async (_what, headers) => {
    const { status, text } = await raw('/access_codes/list', { body: '{}', headers });
    expect(status).toBe(401);
    expectSeamError(text);
  });

  it('for what is not there is a 404, with another verb a 405, each with a request id', async () => {
    const absent = await raw('/access_codes/frobnicate', { body: '{}' });
    expect(absent.status).toBe(404);
    expectSeamError(absent.text);
    const verb = await raw('/access_codes/create', { method: 'DELETE', body: undefined });
    expect(verb.status).toBe(405);
    expectSeamError(verb.text);
    for (const { headers } of [absent, verb]) expect(headers.get('seam-request-id')).toMatch(/\S/);
  });
});

describe('the sandbox clock', () => {
  it.each([
    ['back', { to: '2001-01-01T00:00:00Z' }],
    ['by less than nothing', { by: '-PT1H' }],
    ['to nowhere', {}],
    ['in two ways', { to: '2090-01-01T00:00:00Z', by: 'PT1H' }],
    ['by no duration', { by: 'an hour' }],
    ['to no instant', { to: 'soon' }],
    ['for ever', { by: 'P9000Y' }],
  ])('is not put %s', async (_what, params) => {
    const before = await world.api.now();
    const { status, body } = await world.api.call('/sandbox/clock/advance', params);
    expect([status, body.ok]).toEqual([400, false]);
    expect(await world.api.now()).toBe(before);
  });

  it('stands still between advances, and answers where it was put', async () => {
    const before = await world.api.now();
    expect(await world.api.now()).toBe(before);
    expect(await world.api.advance(HOUR)).toBe(before + HOUR);
    expect(await world.api.advanceTo(before + 2 * HOUR)).toBe(before + 2 * HOUR);
    expect(await world.api.advanceTo(before + 2 * HOUR)).toBe(before + 2 * HOUR);
  });

  it('takes advances that come at the same time in turns', async () => {
    const before = await world.api.now();
    await Promise.all([world.api.advance(HOUR), world.api.advance(HOUR), world.api.advance(HOUR)]);
    expect(await world.api.now()).toBe(before + 3 * HOUR);
  });
});

describe('what a sandbox shows', () => {
  it('four locks in one account', async () => {
    const { api } = world;
    const devices = await api.devices();
    expect(devices.map(({ properties }) => properties.name)).toEqual(
      expect.arrayContaining(['Front Door', 'Garage', 'Office', 'Barn']),
    );
    const { connected_accounts } = await api.ask<{ connected_accounts: { connected_account_id: string }[] }>(
      '/connected_accounts/list',
    );
    expect(connected_accounts).toHaveLength(1);
    for (const device of devices) {
      expect(device.connected_account_id).toBe(connected_accounts[0]!.connected_account_id);
    }
    const { workspace } = await api.ask<{ workspace: Record<string, unknown> }>('/workspaces/get');
    expect(workspace).toMatchObject({ is_sandbox: true });
  });

  it('a device that goes offline and comes back', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const online = async () =>
      (await api.devices()).find((one) => one.device_id === lock.deviceId)!.properties.online;
    await api.ask('/devices/simulate/disconnect', { device_id: lock.deviceId });
    expect(await online()).toBe(false);
    await api.ask('/devices/simulate/connect', { device_id: lock.deviceId });
    expect(await online()).toBe(true);
    await api.ask('/devices/simulate/remove', { device_id: lock.deviceId });
    const { device } = await api.ask<{ device: { errors: unknown[] } }>('/devices/get', {
      device_id: lock.deviceId,
    });
    expect(device.errors).toMatchObject([{ error_code: 'device_removed' }]);
    expect((await api.call('/devices/simulate/connect', { device_id: randomUUID() })).status).toBe(404);
  });
});
