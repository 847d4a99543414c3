import type { SeamAccessCode, SeamUnmanagedAccessCode } from '@latchkey/access-codes';
import { DAY, MINUTE, seamSchema } from '@latchkey/platform';
import { sdkNames, Sdks } from '../http/testing/sdk';
import { useServer } from '../testing/use-server';

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

describe.each(sdkNames)('the official SDK %s', (sdk) => {
  const call = <T>(path: string, params?: object) => sdks.call<T>(sdk, path, params);

  it('finds, converts, lets go of and deletes unmanaged codes', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const seen = await call<SeamUnmanagedAccessCode>('accessCodes.simulate.createUnmanagedAccessCode', {
      device_id,
      name: 'Owner',
      code: '4821',
    });
    expect((await seamSchema('unmanaged_access_code'))(seen)).toEqual([]);
    const { access_code_id } = seen;
    expect(await call('accessCodes.unmanaged.get', { access_code_id })).toEqual(seen);
    expect(await call('accessCodes.unmanaged.get', { device_id, code: '4821' })).toEqual(seen);
    expect(await call('accessCodes.unmanaged.list', { device_id })).toEqual([seen]);
    await call('accessCodes.simulate.createUnmanagedAccessCode', { device_id, name: 'Mum', code: '7350' });
    const all = await sdks.all<SeamUnmanagedAccessCode>(sdk, 'accessCodes.unmanaged.list', {
      device_id,
      limit: 1,
    });
    expect(all.map(({ code }) => code)).toEqual(['4821', '7350']);

    await call('accessCodes.unmanaged.convertToManaged', {
      access_code_id,
      force: true,
      is_external_modification_allowed: true,
    });
    expect(await call('accessCodes.get', { access_code_id })).toMatchObject({
      is_managed: true,
      code: '4821',
    });
    await call('accessCodes.update', { access_code_id, is_managed: false });
    expect(await call('accessCodes.unmanaged.get', { access_code_id })).toMatchObject({ is_managed: false });
    await call('accessCodes.unmanaged.update', { access_code_id, is_managed: true, force: false });
    await call('accessCodes.update', { access_code_id, is_managed: false });
    await call('accessCodes.unmanaged.delete', { access_code_id });
    await api.advance(MINUTE);
    expect(await sdks.failure(sdk, 'accessCodes.unmanaged.get', { access_code_id })).toMatchObject({
      statusCode: 404,
      code: 'access_code_not_found',
    });
    expect((await locks.codes(lock)).map(({ code }) => code)).toEqual(['7350']);
  });

  it('pulls a backup code', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const { access_code_id } = await call<SeamAccessCode>('accessCodes.create', {
      device_id: lock.deviceId,
      code: '4821',
      starts_at: new Date(now).toISOString(),
      ends_at: new Date(now + DAY).toISOString(),
      use_backup_access_code_pool: true,
    });
    await api.advance(MINUTE);
    await call('accessCodes.pullBackupAccessCode', { access_code_id });
    const troubled = await call<SeamAccessCode>('accessCodes.get', { access_code_id });
    const backup = await call<SeamAccessCode>('accessCodes.get', {
      access_code_id: troubled.pulled_backup_access_code_id,
    });
    expect(backup).toMatchObject({ is_backup: true, ends_at: troubled.ends_at });
    expect(await locks.opens(lock, backup.code!)).toBe(true);
  });
});
