import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();
let account: { connected_account_id: string };
beforeAll(async () => {
  const { api } = world;
  const { device_id } = (await api.devices())[0]!;
  const { device } = await api.ask<{ device: { connected_account_id: string } }>('/devices/get', {
    device_id,
  });
  account = { connected_account_id: device.connected_account_id };
}, 60_000);

const lose = () => world.api.ask('/connected_accounts/simulate/disconnect', account);
const restore = () => world.api.ask('/connected_accounts/simulate/connect', account);
afterEach(async () => {
  await restore();
  await world.api.settle();
});

describe('while the account is lost', () => {
  it('every live code is unknown, nothing is sent to its lock, and what came due is caught up afterwards', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false });
    const device_id = lock.deviceId;
    const now = await api.now();
    const live = await api.create({ device_id });
    const toStart = await api.create({ device_id, starts_at: now + 3 * HOUR, ends_at: now + 9 * HOUR });
    const toEnd = await api.create({ device_id, starts_at: now, ends_at: now + 2 * HOUR });
    const toMiss = await api.create({ device_id, starts_at: now + 4 * HOUR, ends_at: now + 5 * HOUR });
    const later = await api.create({ device_id, starts_at: now + 9 * DAY, ends_at: now + 10 * DAY });
    const codes = [live, toStart, toEnd, toMiss, later];
    const statuses = () => Promise.all(codes.map(({ access_code_id }) => api.status(access_code_id)));
    await api.advance(MINUTE);
    expect(await statuses()).toEqual(['set', 'unset', 'set', 'unset', 'unset']);
    const before = await locks.codes(lock);

    await lose();
    expect(await statuses()).toEqual(Array(5).fill('unknown'));
    expect((await api.get(live.access_code_id)).errors).toMatchObject([
      { error_code: 'account_disconnected', is_connected_account_error: true },
    ]);
    await api.advanceTo(now + 6 * HOUR);
    expect(await statuses()).toEqual(Array(5).fill('unknown'));
    expect(await locks.codes(lock)).toEqual(before);
    for (const { access_code_id } of codes) {
      expect((await world.types(access_code_id)).at(-1)).toBe('ConnectionLost');
    }

    await restore();
    await api.advance(MINUTE);
    expect(await statuses()).toEqual(['set', 'set', 404, 404, 'unset']);
    expect(await locks.opens(lock, toEnd.code!)).toBe(false);
    expect(await locks.opens(lock, toStart.code!)).toBe(true);
    // The one whose window has passed was never set.
    expect(await world.types(toMiss.access_code_id)).toEqual([
      'CodeRequested',
      'ConnectionLost',
      'ConnectionRestored',
      'RemovalStarted',
      'Removed',
    ]);
    for (const { access_code_id } of codes) {
      const types = await world.types(access_code_id);
      expect(types.filter((type) => type === 'ConnectionLost')).toHaveLength(1);
      expect(types.filter((type) => type === 'ConnectionRestored')).toHaveLength(1);
    }
  });

  it('a code that was erased on its lock meanwhile is found out before it has a status again', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id: id, code } = await api.create({ device_id: lock.deviceId });
    await api.advance(SECOND);
    expect(await api.status(id)).toBe('set');
    await lose();
    await locks.eraseByHand(lock, (await locks.codes(lock))[0]!);
    await api.advance(HOUR);
    await restore();
    await api.settle();
    expect(await api.status(id)).toBe('setting');
    await api.advance(SECOND);
    expect(await api.status(id)).toBe('set');
    expect(await locks.opens(lock, code!)).toBe(true);
    const types = await world.types(id);
    expect(types.slice(types.indexOf('ConnectionLost'))).toEqual([
      'ConnectionLost',
      'ConnectionRestored',
      'RemovedExternally',
      'ProgrammingStarted',
      'ProgrammingAccepted',
      'SetOnDevice',
    ]);
  });

  it('a lock that keeps windows keeps them, over a start and over an end', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      starts_at: now + 2 * HOUR,
      ends_at: now + 4 * HOUR,
    });
    await api.advance(MINUTE);
    await lose();
    await api.advanceTo(now + 2 * HOUR);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual(['unknown', true]);
    await restore();
    await api.settle();
    expect(await api.status(id)).toBe('set');
    await lose();
    await api.advanceTo(now + 5 * HOUR);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual(['unknown', false]);
    expect(await locks.codes(lock)).toHaveLength(1);
    await restore();
    await api.advance(2 * SECOND);
    expect(await api.status(id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('what is asked of a code meanwhile is done afterwards', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const changed = await api.create({ device_id, code: '4711' });
    const deleted = await api.create({ device_id, code: '4712' });
    await api.advance(MINUTE);
    await lose();
    await api.update(changed.access_code_id, { code: '4713', name: 'Renamed' });
    await api.delete(deleted.access_code_id);
    const created = await api.create({ device_id, code: '4714' });
    await api.advance(HOUR);
    const opening = () => Promise.all(['4711', '4712', '4713', '4714'].map((pin) => locks.opens(lock, pin)));
    expect(await opening()).toEqual([true, true, false, false]);
    expect(await api.status(created.access_code_id)).toBe('unknown');
    await restore();
    await api.advance(MINUTE);
    expect(await opening()).toEqual([false, false, true, true]);
    expect(await api.get(changed.access_code_id)).toMatchObject({
      status: 'set',
      name: 'Renamed',
      code: '4713',
    });
    expect(await api.status(deleted.access_code_id)).toBe(404);
    expect(await api.status(created.access_code_id)).toBe('set');
  });

  it('a command that was under way when it was lost has its outcome known afterwards, and is not sent twice', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { latency_ms: 30_000 } });
    const { access_code_id: id, code } = await api.create({ device_id: lock.deviceId });
    await api.advance(10 * SECOND);
    await lose();
    await api.advance(10 * MINUTE);
    expect(await api.status(id)).toBe('unknown');
    await restore();
    await api.advance(MINUTE);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual(['set', true]);
    expect((await world.types(id)).filter((type) => type === 'ProgrammingStarted')).toHaveLength(1);
  });
});
