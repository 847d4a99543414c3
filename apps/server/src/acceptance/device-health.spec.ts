import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer({ ACCOUNT_POLL_EVERY: 'PT30M' });

interface Shown {
  readonly properties: { readonly battery?: unknown; readonly battery_level?: number };
  readonly warnings: {
    readonly warning_code: string;
    readonly message: string;
    readonly created_at: string;
  }[];
}

const shown = async ({ deviceId }: LockAndDevice) =>
  (await world.api.ask<{ device: Shown }>('/devices/get', { device_id: deviceId })).device;

const eventsOf = async ({ deviceId }: LockAndDevice, beginning: string) => {
  const filter = { device_id: deviceId, since: '2000-01-01T00:00:00Z' };
  const { events } = await world.api.ask<{ events: Record<string, unknown>[] }>('/events/list', filter);
  return events.filter(({ event_type }) => (event_type as string).startsWith(beginning));
};

describe('a battery', () => {
  it('is shown from the first moment, and told of when it is low and when its status changes', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    expect((await shown(lock)).properties).toMatchObject({
      battery: { level: 0.87, status: 'good' },
      battery_level: 0.87,
    });
    expect(await eventsOf(lock, 'device.battery')).toEqual([]);

    await locks.faults(lock, { battery_level: 15 });
    await api.advance(MINUTE);
    expect((await shown(lock)).properties.battery).toEqual({ level: 0.15, status: 'low' });
    expect(await eventsOf(lock, 'device.low_battery')).toMatchObject([{ battery_level: 0.15 }]);

    await locks.faults(lock, { battery_level: 4 });
    await api.advance(HOUR);
    await locks.faults(lock, { battery_level: 100 });
    await api.advance(HOUR);
    expect((await shown(lock)).properties.battery).toEqual({ level: 1, status: 'full' });
    expect(await eventsOf(lock, 'device.battery_status_changed')).toMatchObject([
      { battery_status: 'low', battery_level: 0.15 },
      { battery_status: 'critical', battery_level: 0.04 },
      { battery_status: 'full', battery_level: 1 },
    ]);
    expect(await eventsOf(lock, 'device.low_battery')).toHaveLength(1);
  });
});

describe('a lock whose clock is wrong', () => {
  it('is told of once, warned of while it is, and keeps no time frames', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    expect((await shown(lock)).warnings).toEqual([]);
    const now = await api.now();
    const stay = { starts_at: now + DAY, ends_at: now + 2 * DAY };
    await api.create({ device_id: lock.deviceId, code: '4821', ...stay });
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toHaveLength(1);

    await locks.faults(lock, { clock_drift_ms: -65 * MINUTE });
    await api.advance(HOUR);
    const [warning, ...more] = (await shown(lock)).warnings;
    expect(more).toEqual([]);
    expect(warning).toMatchObject({
      warning_code: 'time_zone_mismatch',
      message: expect.stringMatching(/is 1 h 5 min slow/) as string,
    });
    expect(await locks.codes(lock)).toEqual([]);
    expect(await eventsOf(lock, 'device.clock')).toMatchObject([
      { event_type: 'device.clock_drifted', device_warnings: [{ warning_code: 'time_zone_mismatch' }] },
    ]);

    await locks.faults(lock, { clock_drift_ms: 0 });
    await api.advance(HOUR);
    expect((await shown(lock)).warnings).toEqual([]);
    expect(await locks.codes(lock)).toHaveLength(1);
    expect((await eventsOf(lock, 'device.clock')).map(({ event_type }) => event_type)).toEqual([
      'device.clock_drifted',
      'device.clock_corrected',
    ]);
  });

  it('is known for that from the first moment', async () => {
    const lock = await world.locks.add({ faults: { clock_drift_ms: 10 * MINUTE } });
    expect((await shown(lock)).warnings).toMatchObject([{ warning_code: 'time_zone_mismatch' }]);
  });
});
