import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import type { SeamAccessCode } from '@latchkey/access-codes';
import type { SeamDevice } from '@latchkey/devices';
import { sdkNames, Sdks } from '../http/testing/sdk';
import type { ListedEvent } from '../testing/api';
import { useServer } from '../testing/use-server';

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

describe.each(sdkNames)('the official SDK %s', (sdk) => {
  it('drives a code from its request to its end', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const call = <T>(path: string, params?: object) => sdks.call<T>(sdk, path, params);

    const devices = await call<SeamDevice[]>('devices.list');
    const device = await call<SeamDevice>('devices.get', { device_id });
    expect(devices.map((one) => one.device_id)).toContain(device_id);
    expect(device.can_program_online_access_codes).toBe(true);
    const [account] = await call<{ connected_account_id: string }[]>('connectedAccounts.list');
    const { connected_account_id } = account!;
    expect(device.connected_account_id).toBe(connected_account_id);
    expect(await call('connectedAccounts.get', { connected_account_id })).toMatchObject({
      connected_account_id,
    });
    expect(await call('workspaces.get')).toMatchObject({ is_sandbox: true });

    const now = await api.now();
    const created = await call<SeamAccessCode>('accessCodes.create', {
      device_id,
      name: 'Guest',
      starts_at: new Date(now + 2 * HOUR).toISOString(),
      ends_at: new Date(now + 3 * HOUR).toISOString(),
    });
    const { access_code_id } = created;
    await call('accessCodes.update', { access_code_id, name: 'Cleaner', code: '4822' });
    await api.advanceTo(now + 2 * HOUR);
    expect(await call('accessCodes.get', { access_code_id })).toMatchObject({
      status: 'set',
      name: 'Cleaner',
    });
    expect(await locks.opens(lock, '4822')).toBe(true);
    expect(await call<SeamAccessCode[]>('accessCodes.list', { device_id })).toHaveLength(1);

    await call('accessCodes.delete', { access_code_id });
    await api.advance(2 * SECOND);
    expect(await sdks.failure(sdk, 'accessCodes.get', { access_code_id })).toMatchObject({
      code: 'access_code_not_found',
      statusCode: 404,
    });
    const events = await call<ListedEvent[]>('events.list', {
      access_code_id,
      since: new Date(0).toISOString(),
    });
    const types = events.map(({ event_type }) => event_type);
    for (const type of [
      'created',
      'scheduled_on_device',
      'set_on_device',
      'removed_from_device',
      'deleted',
    ]) {
      expect([type, types.filter((one) => one === `access_code.${type}`).length]).toEqual([type, 1]);
    }
    const { event_id, event_type } = events[0]!;
    expect(await call('events.get', { event_id })).toMatchObject({ event_id, event_type });

    const taken = await call<SeamAccessCode>('accessCodes.create', { device_id, code: '4711' });
    expect(await sdks.failure(sdk, 'accessCodes.create', { device_id, code: '4711' })).toMatchObject({
      code: 'duplicate_access_code',
      statusCode: 409,
    });
    await call('devices.simulate.disconnect', { device_id });
    await call('devices.simulate.connect', { device_id });
    await call('connectedAccounts.simulate.disconnect', { connected_account_id });
    expect(await call('accessCodes.get', { access_code_id: taken.access_code_id })).toMatchObject({
      status: 'unknown',
    });
    await api.ask('/connected_accounts/simulate/connect', { connected_account_id });
    await api.advance(MINUTE);
    expect(await call('accessCodes.get', { access_code_id: taken.access_code_id })).toMatchObject({
      status: 'set',
    });
  }, 60_000);
});
