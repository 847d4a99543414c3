import type { SeamConnectedAccount, SeamDevice } from '@latchkey/devices';
import { HOUR, MINUTE, seamSchema } from '@latchkey/platform';
import { apiKeys } from '../cli/api-keys';
import { sdkNames, Sdks } from '../http/testing/sdk';
import { Api } from '../testing/api';
import { connectAccount } from '../testing/connect-account';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

const EVER = { since: '2000-01-01T00:00:00Z' };
const allEvents = async (params: object, api = world.api) =>
  (await api.ask<{ events: Body[] }>('/events/list', { ...EVER, ...params })).events;
const typesOf = async (params: object, api = world.api) =>
  (await allEvents(params, api)).map((event) => event.event_type);
const account = async (connected_account_id: string) =>
  (
    await world.api.ask<{ connected_account: SeamConnectedAccount }>('/connected_accounts/get', {
      connected_account_id,
    })
  ).connected_account;
const devicesOf = async (connected_account_id: string, api = world.api) =>
  (await api.ask<{ devices: SeamDevice[] }>('/devices/list', { connected_account_id })).devices;
const found = async (params: object) =>
  (
    await world.api.ask<{ connected_accounts: SeamConnectedAccount[] }>('/connected_accounts/list', params)
  ).connected_accounts.map(({ connected_account_id }) => connected_account_id);

/** Another workspace on the same server. */
async function anotherWorkspace(): Promise<Api> {
  const { workspace } = await world.api.ask<{ workspace: { workspace_id: string } }>('/workspaces/create', {
    name: 'Elsewhere',
  });
  const lines: string[] = [];
  await apiKeys(
    ['make', '--name', 'Elsewhere', '--workspace', workspace.workspace_id],
    { DATA_DIR: world.dataDir },
    (line) => lines.push(line),
    () => undefined,
  );
  return new Api(
    world.api.url,
    lines.find((line) => line.startsWith('seam_'))!,
  );
}

/** What an event has by way of a background, whether it was there when it happened or not. */
const bare = (event: Body) => [event.event_type, event.connect_webview_id !== undefined];

describe('an account that is connected', () => {
  it('is what its invitation says, and is told of in order', async () => {
    const { api } = world;
    const { webview } = await connectAccount(api, {
      customer_key: 'Smith',
      custom_metadata: { house: 'beach', vip: true },
      wait_for_device_creation: true,
    });
    expect(webview).toMatchObject({ status: 'authorized', custom_metadata: { house: 'beach', vip: true } });
    const connected_account_id = webview.connected_account_id!;
    const connected = await account(connected_account_id);
    expect(connected).toMatchObject({
      customer_key: 'Smith',
      custom_metadata: { house: 'beach', vip: true },
      automatically_manage_new_devices: true,
      accepted_capabilities: ['lock'],
    });
    expect((await seamSchema('connected_account'))(connected)).toEqual([]);
    // Its locks were waited for.
    const devices = await devicesOf(connected_account_id);
    expect(devices).toHaveLength(2);
    const events = await allEvents({ connected_account_id });
    expect(events.slice(0, 5).map(bare)).toEqual([
      ['connect_webview.login_succeeded', true],
      ['connected_account.created', true],
      ['connected_account.connected', true],
      ['device.added', false],
      ['device.connected', false],
    ]);
    const faults = await seamSchema('event');
    expect(events.flatMap((event) => faults(event))).toEqual([]);
    expect(events.every(({ customer_key }) => customer_key === 'Smith')).toBe(true);
    expect(await allEvents({ customer_key: 'Smith' })).toEqual(events);
    const { connect_webview_id } = webview;
    expect(events.map(bare)).toContainEqual(['connected_account.completed_first_sync', false]);
    expect(await typesOf({ connect_webview_id })).toEqual([
      'connect_webview.login_succeeded',
      'connected_account.created',
      'connected_account.connected',
    ]);
    const listed = async (params: object) =>
      (await api.ask<{ devices: SeamDevice[] }>('/devices/list', params)).devices.length;
    expect(await listed({ customer_key: 'Smith' })).toBe(2);
    expect(await listed({ connect_webview_id })).toBe(2);
    expect(await found({ customer_key: 'Smith' })).toEqual([connected_account_id]);
    expect(await found({ custom_metadata_has: { house: 'beach' } })).toEqual([connected_account_id]);
    expect(await found({ search: 'SMI' })).toEqual([connected_account_id]);
  });

  it('may leave its locks unmanaged, or unseen', async () => {
    const { api } = world;
    const unmanaged = await connectAccount(api, {
      automatically_manage_new_devices: false,
      wait_for_device_creation: true,
    });
    const connected_account_id = unmanaged.webview.connected_account_id!;
    expect(await devicesOf(connected_account_id)).toEqual([]);
    const { devices } = await api.ask<{ devices: Body[] }>('/devices/unmanaged/list', {
      connected_account_id,
    });
    expect(devices).toHaveLength(2);
    expect(await typesOf({ device_id: devices[0]!.device_id })).toEqual([
      'device.added',
      'device.unmanaged.connected',
    ]);
    const unseen = await connectAccount(api, {
      accepted_capabilities: ['thermostat'],
      wait_for_device_creation: true,
    });
    expect(await devicesOf(unseen.webview.connected_account_id!)).toEqual([]);
  });

  it('stays its customer’s, whatever another invitation says', async () => {
    const { api } = world;
    const first = await connectAccount(api, { customer_key: 'Jones' });
    const again = await connectAccount(api, { customer_key: 'Brown' }, first.house);
    expect(again.webview).toMatchObject({ status: 'failed', login_successful: false });
    expect(again.page).toContain('somebody else');
    const { connect_webview_id } = again.webview;
    const events = await allEvents({ connect_webview_id });
    expect(events.map(bare)).toEqual([['connect_webview.login_failed', true]]);
    expect((await seamSchema('event'))(events[0])).toEqual([]);
    expect(await account(first.webview.connected_account_id!)).toMatchObject({ customer_key: 'Jones' });
  });
});

describe('an account that is updated', () => {
  it('answers what it is now', async () => {
    const { api } = world;
    const { webview } = await connectAccount(api, { custom_metadata: { a: '1', b: '2' } });
    const connected_account_id = webview.connected_account_id!;
    const update = async (params: object) =>
      (
        await api.ask<{ connected_account: SeamConnectedAccount }>('/connected_accounts/update', {
          connected_account_id,
          ...params,
        })
      ).connected_account;
    expect(await update({ display_name: 'Beach', custom_metadata: { b: '3', c: null } })).toMatchObject({
      display_name: 'Beach',
      custom_metadata: { b: '3' },
    });
    expect(await update({ customer_key: 'Miller', automatically_manage_new_devices: false })).toMatchObject({
      customer_key: 'Miller',
      automatically_manage_new_devices: false,
    });
    expect(await update({})).toEqual(await account(connected_account_id));
    const refused = await api.call('/connected_accounts/update', {
      connected_account_id,
      customer_key: 'Other',
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { type: 'invalid_input' } } });
  });
});

describe('an account that is deleted', () => {
  it('takes its devices and codes with it here, and leaves its locks as they are', async () => {
    const { api, locks } = world;
    const { webview } = await connectAccount(api, { wait_for_device_creation: true });
    const connected_account_id = webview.connected_account_id!;
    const devices = await devicesOf(connected_account_id);
    const { device_id } = devices[0]!;
    const code = await api.create({ device_id, code: '604815' });
    await api.advance(MINUTE);
    const onLocks = async () =>
      (await locks.send<{ locks: { codes: { code: string }[] }[] }>('GET', '/simulator/locks')).locks
        .flatMap((lock) => lock.codes)
        .filter((each) => each.code === '604815');
    expect(await onLocks()).toHaveLength(1);

    await api.ask('/connected_accounts/delete', { connected_account_id });
    expect((await api.call('/connected_accounts/get', { connected_account_id })).status).toBe(404);
    expect(await devicesOf(connected_account_id)).toEqual([]);
    expect(await api.status(code.access_code_id)).toBe(404);
    expect((await api.call('/connected_accounts/sync', { connected_account_id })).status).toBe(404);
    const events = await allEvents({ connected_account_id });
    const faults = await seamSchema('event');
    expect(
      events.filter(({ access_code_id }) => access_code_id === undefined).flatMap((event) => faults(event)),
    ).toEqual([]);
    const types = events.map(({ event_type }) => event_type);
    expect(types.filter((type) => type === 'device.deleted')).toHaveLength(2);
    expect(types.filter((type) => type === 'connected_account.deleted')).toHaveLength(1);
    expect(types.filter((type) => type === 'access_code.deleted')).toHaveLength(1);
    await api.advance(HOUR);
    // Nobody reads its PIN any more; nobody has touched its lock.
    expect(JSON.stringify(await allEvents({ connected_account_id }))).not.toContain('604815');
    expect(await onLocks()).toHaveLength(1);
    expect(await typesOf({ connected_account_id })).toEqual(types);
  });

  it('comes back as a new one where its owner connects it again', async () => {
    const { api } = world;
    const { webview, house } = await connectAccount(api, { wait_for_device_creation: true });
    const connected_account_id = webview.connected_account_id!;
    await api.ask('/connected_accounts/update', { connected_account_id, custom_metadata: { a: 'b' } });
    await api.ask('/connected_accounts/delete', { connected_account_id });
    const again = await connectAccount(api, { wait_for_device_creation: true }, house);
    expect(again.webview.status).toBe('authorized');
    expect(await account(again.webview.connected_account_id!)).toMatchObject({ custom_metadata: {} });
    const devices = await devicesOf(again.webview.connected_account_id!);
    expect(devices).toHaveLength(2);
    const code = await api.create({ device_id: devices[0]!.device_id });
    await api.advance(MINUTE);
    expect(await api.status(code.access_code_id)).toBe('set');
  });
});

const workspaceOf = async (api: Api): Promise<string> =>
  (await api.ask<{ workspace: { workspace_id: string } }>('/workspaces/get')).workspace.workspace_id;

describe('one account of a lock maker in two workspaces', () => {
  it('is reported on to both, each in its own terms, and goes on for one when the other lets it go', async () => {
    const { api, locks } = world;
    const other = await anotherWorkspace();
    const mine = await connectAccount(api, { wait_for_device_creation: true });
    await locks.shareAccount(mine.house, await workspaceOf(other));
    const theirs = await connectAccount(other, { wait_for_device_creation: true }, mine.house);
    const named = (devices: SeamDevice[]) =>
      devices.find(({ properties }) => /Entrance/.test(properties.name))!;
    const my = named(await devicesOf(mine.webview.connected_account_id!));
    const their = named(await devicesOf(theirs.webview.connected_account_id!, other));
    expect(my.device_id).not.toBe(their.device_id);
    const code = await api.create({ device_id: my.device_id, code: '918273' });
    await api.advance(MINUTE);
    expect(await api.status(code.access_code_id)).toBe('set');
    const all = await locks.send<{ locks: { lock_id: string; name: string }[] }>('GET', '/simulator/locks');
    const lock = {
      lockId: all.locks.find(({ name }) => name === my.properties.name)!.lock_id,
      deviceId: my.device_id,
    };
    expect(await locks.opens(lock, '918273')).toBe(true);
    await api.ask('/locks/lock_door', { device_id: my.device_id });
    await api.advance(MINUTE);
    await locks.faults(lock, { offline: true });

    const atDoor = { event_types: ['lock.unlocked', 'lock.locked', 'device.disconnected'] };
    const mineTold = await allEvents({ device_id: my.device_id, ...atDoor });
    const theirsTold = await allEvents({ device_id: their.device_id, ...atDoor }, other);
    const types = ['lock.unlocked', 'lock.locked', 'device.disconnected'];
    expect(mineTold.map(({ event_type }) => event_type)).toEqual(types);
    expect(theirsTold.map(({ event_type }) => event_type)).toEqual(types);
    expect(mineTold[0]).toMatchObject({ access_code_id: code.access_code_id, access_code_is_managed: true });
    expect(theirsTold[0]!.access_code_id).not.toBe(code.access_code_id);
    expect(mineTold[1]).toHaveProperty('action_attempt_id');
    expect(theirsTold[1]).not.toHaveProperty('action_attempt_id');
    await locks.faults(lock, { offline: false });

    await other.ask('/connected_accounts/delete', {
      connected_account_id: theirs.webview.connected_account_id,
    });
    await locks.opens(lock, '918273');
    await api.settle();
    expect(await typesOf({ device_id: my.device_id, event_type: 'lock.unlocked' })).toHaveLength(2);
    expect(await typesOf({ device_id: their.device_id, event_type: 'lock.unlocked' }, other)).toHaveLength(1);
  });
});

test.each(sdkNames)('%s updates, syncs and deletes accounts', async (sdk) => {
  const { webview } = await connectAccount(world.api, { wait_for_device_creation: true });
  const { connected_account_id } = webview;
  const call = <T>(path: string, params?: object) => sdks.call<T>(sdk, path, params);
  await call('connectedAccounts.update', { connected_account_id, custom_metadata: { by: sdk } });
  expect(await call('connectedAccounts.list', { custom_metadata_has: { by: sdk } })).toMatchObject([
    { connected_account_id },
  ]);
  await call('connectedAccounts.sync', { connected_account_id });
  await call('connectedAccounts.delete', { connected_account_id });
  const failure = await sdks.failure(sdk, 'connectedAccounts.get', { connected_account_id });
  expect(failure).toMatchObject({ statusCode: 404, code: 'connected_account_not_found' });
});
