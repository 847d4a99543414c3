import type { SeamDevice } from '@latchkey/devices';
import { HOUR, MINUTE, seamSchema } from '@latchkey/platform';
import { sdkNames, Sdks } from '../http/testing/sdk';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

const get = async (device_id: string) =>
  (await world.api.ask<{ device: SeamDevice }>('/devices/get', { device_id })).device;
const list = async (params: object) =>
  (await world.api.ask<{ devices: SeamDevice[] }>('/devices/list', params)).devices.map((d) => d.device_id);

/** What was told of a device, oldest first; what its account was told of is left out. */
async function told(device_id: string): Promise<Body[]> {
  const { events } = await world.api.ask<{ events: Body[] }>('/events/list', {
    device_id,
    since: '2000-01-01T00:00:00Z',
  });
  return events;
}
const typesOf = async (device_id: string) => (await told(device_id)).map((event) => event.event_type);

/** Every event of a device is as Seam publishes it. Those of codes show no PIN once it is erased. */
async function expectPublishedShapes(device_id: string): Promise<void> {
  const faults = await seamSchema('event');
  const events = (await told(device_id)).filter(({ access_code_id }) => access_code_id === undefined);
  const wrong = events.filter((event) => faults(event).length > 0);
  expect(wrong).toEqual([]);
}

async function setCode({ deviceId }: LockAndDevice, params: object = {}) {
  const code = await world.api.create({ device_id: deviceId, ...params });
  await world.api.advance(MINUTE);
  expect(await world.api.status(code.access_code_id)).toBe('set');
  return code;
}

describe('a device that is updated', () => {
  it('has a name and metadata of its own, which lists find it by', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const before = await get(device_id);
    const key = `door ${device_id}`;
    await api.ask('/devices/update', {
      device_id,
      name: 'Lobby',
      custom_metadata: { key, vip: true, floor: '2' },
    });
    const device = await get(device_id);
    expect(device).toMatchObject({
      display_name: 'Lobby',
      nickname: 'Lobby',
      custom_metadata: { key, vip: true, floor: '2' },
      properties: { name: 'Lobby', appearance: { name: before.display_name } },
    });
    expect(await list({ custom_metadata_has: { key } })).toEqual([device_id]);
    expect(await list({ custom_metadata_has: { key, vip: true } })).toEqual([device_id]);
    // A query string can't tell one from the other.
    expect(await list({ custom_metadata_has: { key, vip: 'true' } })).toEqual([device_id]);
    expect(await list({ custom_metadata_has: { key, vip: false } })).toEqual([]);
    expect(await list({ search: key.toUpperCase() })).toEqual([device_id]);
    expect(await list({ search: 'lobb' })).toContain(device_id);

    await api.ask('/devices/update', { device_id, custom_metadata: { vip: null, wing: 'east' } });
    expect((await get(device_id)).custom_metadata).toEqual({ key, floor: '2', wing: 'east' });
    expect(await list({ custom_metadata_has: { key, vip: true } })).toEqual([]);
    await api.ask('/devices/update', { device_id, properties: { name: null } });
    const plain = await get(device_id);
    expect(plain).toMatchObject({ display_name: before.display_name });
    expect(plain).not.toHaveProperty('nickname');
    expect(await typesOf(device_id)).toEqual([
      'device.added',
      'device.connected',
      'device.name_changed',
      'device.name_changed',
    ]);
    // From then on its events carry what is kept beside it.
    await api.ask('/devices/simulate/disconnect', { device_id });
    expect((await told(device_id)).at(-1)).toMatchObject({
      event_type: 'device.disconnected',
      device_custom_metadata: { key, floor: '2', wing: 'east' },
    });
    await expectPublishedShapes(device_id);
  });

  it('keeps at most fifty entries, and refused changes leave no trace', async () => {
    const { api, locks } = world;
    const { deviceId: device_id } = await locks.add();
    const entries = (from: number, to: number) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, n) => [`key ${from + n}`, 'x']));
    await api.ask('/devices/update', { device_id, custom_metadata: entries(0, 50) });
    const refused = await api.call('/devices/update', { device_id, custom_metadata: entries(50, 51) });
    expect(refused).toMatchObject({ status: 400, body: { error: { type: 'invalid_input' } } });
    for (const wrong of [
      { name: ' ' },
      { custom_metadata: { a: 1 } },
      { custom_metadata: { a: 'x'.repeat(501) } },
    ]) {
      expect((await api.call('/devices/update', { device_id, ...wrong })).status).toBe(400);
    }
    expect(Object.keys((await get(device_id)).custom_metadata)).toHaveLength(50);
  });
});

describe('a device that is deleted', () => {
  it('is gone with its codes, which stay on its lock, and comes back only where it is asked for', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    await api.ask('/devices/update', { device_id, name: 'Lobby', custom_metadata: { a: 'b' } });
    const code = await setCode(lock, { code: '482193' });
    const now = await api.now();
    const later = await api.create({ device_id, starts_at: now + 500 * HOUR, ends_at: now + 501 * HOUR });
    const { connected_account_id } = await get(device_id);

    await api.ask('/devices/delete', { device_id });
    expect((await api.call('/devices/get', { device_id })).status).toBe(404);
    expect(await list({ device_ids: [device_id] })).toEqual([]);
    for (const { access_code_id } of [code, later]) expect(await api.status(access_code_id)).toBe(404);
    expect(await locks.opens(lock, '482193')).toBe(true);
    expect(await api.eventTypes(code.access_code_id)).not.toContain('access_code.removed_from_device');
    expect((await api.eventTypes(code.access_code_id)).at(-1)).toBe('access_code.deleted');
    expect((await told(device_id)).find((event) => event.event_type === 'device.deleted')).toMatchObject({
      device_name: 'Lobby',
    });
    // Its PIN can be read nowhere any more, and nothing is done to its lock.
    await api.advance(MINUTE);
    const { events } = await api.ask<{ events: Body[] }>('/events/list', {
      access_code_id: code.access_code_id,
      since: '2000-01-01T00:00:00Z',
    });
    expect(JSON.stringify(events)).not.toContain('482193');
    for (const path of ['/devices/delete', '/devices/update', '/locks/unlock_door']) {
      expect((await api.call(path, { device_id })).status).toBe(404);
    }
    expect((await api.call('/access_codes/create', { device_id })).status).toBe(404);

    await api.advance(60 * HOUR);
    expect((await api.call('/devices/get', { device_id })).status).toBe(404);
    await api.ask('/connected_accounts/sync', { connected_account_id });
    expect(await get(device_id)).toMatchObject({ custom_metadata: {}, errors: [] });
    expect(await typesOf(device_id)).toEqual(
      expect.arrayContaining(['device.deleted', 'device.added']) as string[],
    );
    await setCode({ ...lock, deviceId: device_id });
    await expectPublishedShapes(device_id);

    // At the very instant of a sync, and after it.
    await api.ask('/connected_accounts/sync', { connected_account_id });
    await api.ask('/devices/delete', { device_id });
    await api.advance(60 * HOUR);
    expect((await api.call('/devices/get', { device_id })).status).toBe(404);
  });
});

describe('a device that is not managed', () => {
  it('is looked at and left alone, until it is managed again', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const code = await setCode(lock, { code: '739152' });
    await api.ask('/devices/update', { device_id, is_managed: false });

    expect((await api.call('/devices/get', { device_id })).status).toBe(404);
    expect(await list({ device_ids: [device_id] })).toEqual([]);
    const { device } = await api.ask<{ device: Body }>('/devices/unmanaged/get', { device_id });
    expect(
      (await seamSchema('unmanaged_device'))(device).filter((fault) => !/device_type/.test(fault)),
    ).toEqual([]);
    expect(device).toMatchObject({ is_managed: false, properties: { online: true } });
    const { devices } = await api.ask<{ devices: Body[] }>('/devices/unmanaged/list', {
      device_ids: [device_id],
    });
    expect(devices).toEqual([device]);
    for (const path of [
      '/access_codes/create',
      '/locks/lock_door',
      '/locks/simulate/manual_lock_via_keypad',
    ]) {
      const { status } = await api.call(path, { device_id });
      expect([path, status]).toEqual([path, 404]);
    }
    // Its code stays on the lock, and is not ours any more.
    expect(await api.status(code.access_code_id)).toBe(404);
    expect(await locks.opens(lock, '739152')).toBe(true);
    await locks.faults(lock, { offline: true });
    await api.settle();
    const types = await typesOf(device_id);
    expect(types.filter((type) => /^device/.test(type as string)).slice(-2)).toEqual([
      'device.converted_to_unmanaged',
      'device.unmanaged.disconnected',
    ]);
    // It may be read as what it is now.
    const unmanaged = await api.ask<{ access_code: Body }>('/access_codes/unmanaged/get', {
      access_code_id: code.access_code_id,
    });
    expect(unmanaged.access_code).toMatchObject({ is_managed: false, code: '739152' });
    await locks.faults(lock, { offline: false });

    await api.ask('/devices/unmanaged/update', { device_id, is_managed: true, custom_metadata: { a: 'b' } });
    expect(await get(device_id)).toMatchObject({ is_managed: true, custom_metadata: { a: 'b' } });
    expect((await api.call('/devices/unmanaged/get', { device_id })).status).toBe(404);
    await setCode(lock);
    await expectPublishedShapes(device_id);
  });
});

describe('a device whose hub is away', () => {
  it('says so, and so do its codes, until the hub is back', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const able = async () => {
      const device = await get(device_id);
      return [
        device.can_simulate_connection,
        device.can_simulate_disconnection,
        device.can_simulate_hub_connection,
        device.can_simulate_hub_disconnection,
      ];
    };
    expect(await able()).toEqual([false, true, false, true]);
    await api.ask('/devices/simulate/disconnect_from_hub', { device_id });
    expect(await able()).toEqual([false, false, true, false]);
    expect(await get(device_id)).toMatchObject({
      properties: { online: false },
      errors: [{ error_code: 'hub_disconnected', is_device_error: true }],
    });
    const code = await api.create({ device_id });
    await api.advance(10 * MINUTE);
    expect((await api.get(code.access_code_id)).errors).toEqual(
      expect.arrayContaining([expect.objectContaining({ error_code: 'hub_disconnected' })]) as unknown[],
    );
    // The lock itself being connected does not help while its hub is away.
    await api.ask('/devices/simulate/connect', { device_id });
    expect(await able()).toEqual([false, false, true, false]);
    await api.ask('/devices/simulate/connect_to_hub', { device_id });
    await api.advance(MINUTE);
    expect(await able()).toEqual([false, true, false, true]);
    expect(await api.status(code.access_code_id)).toBe('set');
    const connection = (await told(device_id)).filter(({ event_type }) =>
      /connected$/.test(event_type as string),
    );
    expect(connection.map((event) => [event.event_type, event.error_code])).toEqual([
      ['device.connected', undefined],
      ['device.disconnected', 'hub_disconnected'],
      ['device.connected', undefined],
    ]);
    await expectPublishedShapes(device_id);
  });
});

describe('the backup pool of a device', () => {
  it('is filled when it is switched on, and emptied when it is switched off', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const enabled = async () => (await get(device_id)).properties.backup_access_code_pool_enabled;
    expect(await enabled()).toBeUndefined();
    await api.ask('/devices/update', { device_id, backup_access_code_pool_enabled: true });
    await api.advance(MINUTE);
    expect(await enabled()).toBe(true);
    const spares = await locks.codes(lock);
    expect(spares.length).toBeGreaterThan(0);
    await api.ask('/devices/update', { device_id, backup_access_code_pool_enabled: false });
    await api.advance(MINUTE);
    expect(await enabled()).toBe(false);
    expect(await locks.codes(lock)).toEqual([]);
    for (const { code } of spares) expect(await locks.opens(lock, code)).toBe(false);
    const now = await api.now();
    const window = { starts_at: now, ends_at: now + HOUR };
    await api.create({ device_id, ...window, use_backup_access_code_pool: true });
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toHaveLength(1);
  });
});

describe('what clients know of code lengths', () => {
  it('narrows what the device takes', async () => {
    const { api, locks } = world;
    const { deviceId: device_id } = await locks.add({ supported_code_lengths: [4, 5, 6, 7, 8] });
    const report = (params: object) =>
      api.call('/access_codes/report_device_constraints', { device_id, ...params });
    expect((await report({ min_code_length: 6, max_code_length: 7 })).status).toBe(200);
    expect((await get(device_id)).properties.supported_code_lengths).toEqual([6, 7]);
    expect((await api.call('/access_codes/create', { device_id, code: '4821' })).status).toBe(400);
    expect((await api.create({ device_id })).code).toMatch(/^\d{6,7}$/);
    expect((await report({ supported_code_lengths: [8, 20] })).status).toBe(200);
    expect((await api.create({ device_id })).code).toMatch(/^\d{8}$/);
    for (const wrong of [
      {},
      { supported_code_lengths: [6], min_code_length: 5 },
      { min_code_length: 7, max_code_length: 6 },
      { supported_code_lengths: [] },
      { supported_code_lengths: [12] },
      { min_code_length: 3 },
    ]) {
      expect([wrong, (await report(wrong)).status]).toEqual([wrong, 400]);
    }
    expect((await get(device_id)).properties.supported_code_lengths).toEqual([8]);
  });
});

test.each(sdkNames)('%s updates, leaves alone and deletes devices', async (sdk) => {
  const { deviceId: device_id } = await world.locks.add();
  const call = <T>(path: string, params?: object) => sdks.call<T>(sdk, path, params);
  await call('devices.update', { device_id, name: 'Lobby', custom_metadata: { by: sdk, vip: true } });
  for (const wanted of [{ by: sdk }, { by: sdk, vip: true }])
    expect(await call('devices.list', { custom_metadata_has: wanted })).toMatchObject([{ device_id }]);
  expect(await call('devices.list', { custom_metadata_has: { by: sdk, vip: false } })).toEqual([]);
  await call('devices.simulate.disconnect', { device_id });
  await call('devices.simulate.connect', { device_id });
  await call('devices.update', { device_id, is_managed: false });
  expect(await call('devices.unmanaged.get', { device_id })).toMatchObject({ is_managed: false });
  expect(await call('devices.unmanaged.list', {})).toContainEqual(expect.objectContaining({ device_id }));
  await call('devices.unmanaged.update', { device_id, is_managed: true });
  expect(await call('devices.get', { device_id })).toMatchObject({ nickname: 'Lobby' });
});
