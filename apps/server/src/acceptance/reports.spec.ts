import { openStores } from '@latchkey/database';
import { ReportAddresses } from '@latchkey/devices';
import { CryptoRandom, loadConfig, MINUTE } from '@latchkey/platform';
import { connectAccount } from '../testing/connect-account';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

/** The address that an account's reports come to, as the lock maker and the account's owner know it. */
async function reportsOf(deviceId: string): Promise<string> {
  const { device } = await world.api.ask<{ device: { connected_account_id: string } }>('/devices/get', {
    device_id: deviceId,
  });
  const stores = await openStores(loadConfig({ DATA_DIR: world.dataDir }));
  try {
    const addresses = new ReportAddresses(stores.records.settings, new CryptoRandom());
    const account = { accountId: device.connected_account_id, maker: 'lock-cloud' };
    return world.api.url + (await addresses.pathOf(account))!;
  } finally {
    await stores.close();
  }
}

async function send(url: string, report: object): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ timestamp: new Date().toISOString(), ...report }),
  });
  return answer.status;
}

async function setCode(lock: LockAndDevice, code: string) {
  const { access_code_id } = await world.api.create({ device_id: lock.deviceId, code });
  await world.api.advance(MINUTE);
  const [onLock] = (await world.locks.codes(lock)).filter((one) => one.code === code);
  return { access_code_id, lockCodeId: onLock!.access_code_id };
}

const removal = (lock: LockAndDevice, lockCodeId: string) => ({
  ...{ event_type: 'access_code.deleted', device_id: lock.lockId },
  ...{ access_code_id: lockCodeId, status: 'success' },
});

describe('what a lock maker reports', () => {
  it('is told only once the lock itself is seen to hold it', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id, lockCodeId } = await setCode(lock, '640815');
    const url = await reportsOf(lock.deviceId);

    // A removal that was never asked for, and one that was and has not come to the lock.
    expect(await send(url, removal(lock, lockCodeId))).toBe(200);
    await api.settle();
    expect(await api.status(access_code_id)).toBe('set');
    await locks.faults(lock, { offline: true });
    await api.delete(access_code_id);
    expect(await send(url, removal(lock, lockCodeId))).toBe(200);
    await api.settle();
    expect(await locks.opens(lock, '640815')).toBe(true);
    expect(await api.eventTypes(access_code_id)).not.toContain('access_code.removed_from_device');
    expect(await api.status(access_code_id)).toBe('removing');

    await locks.faults(lock, { offline: false });
    await api.advance(15 * MINUTE);
    expect(await locks.opens(lock, '640815')).toBe(false);
    expect(await api.eventTypes(access_code_id)).toContain('access_code.removed_from_device');
  });

  it('counts for the locks of its own account only', async () => {
    const { api, locks } = world;
    const { webview } = await connectAccount(api, { wait_for_device_creation: true });
    const { devices } = await api.ask<{ devices: { device_id: string }[] }>('/devices/list', {
      connected_account_id: webview.connected_account_id,
    });
    const foreign = await reportsOf(devices[0]!.device_id);
    const lock = await locks.add();
    const before = await api.ask('/events/list', { device_id: lock.deviceId, since: '2000-01-01T00:00:00Z' });
    expect(await reportsOf(lock.deviceId)).not.toBe(foreign);
    const used = { event_type: 'access_code.incorrect_attempt', device_id: lock.lockId };
    expect(await send(foreign, used)).toBe(200);
    await api.settle();
    const events = () => api.ask('/events/list', { device_id: lock.deviceId, since: '2000-01-01T00:00:00Z' });
    expect(await events()).toEqual(before);
    expect(await send(await reportsOf(lock.deviceId), used)).toBe(200);
    await api.settle();
    expect(await events()).not.toEqual(before);
  });

  it('comes to nobody where the address is not an account’s', async () => {
    const lock = await world.locks.add();
    const url = await reportsOf(lock.deviceId);
    const report = { event_type: 'device.online', device_id: lock.lockId };
    expect(await send(url.slice(0, -1), report)).toBe(404);
    expect(await send(`${url.slice(0, url.lastIndexOf('/'))}/x`, report)).toBe(404);
  });
});
