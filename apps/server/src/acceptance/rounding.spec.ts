import { DAY, HOUR, iso, MINUTE } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();

/** The next time that the clock shows a full hour in UTC, from a day ahead on. */
const hourAhead = async () => Math.ceil((await world.api.now()) / HOUR) * HOUR + DAY;
const CREATE = '/access_codes/create';

describe('a lock that keeps time frames in steps', () => {
  it('is told the hours that hold the time frame, and opens at no other time', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ time_step_minutes: 60 });
    const hour = await hourAhead();
    const code = await api.create({
      device_id: lock.deviceId,
      code: '4821',
      starts_at: hour + 17 * MINUTE,
      ends_at: hour + 2 * HOUR + MINUTE,
    });
    expect(code).toMatchObject({ starts_at: iso(hour), ends_at: iso(hour + 3 * HOUR) });
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toMatchObject([
      { code: '4821', starts_at: iso(hour), ends_at: iso(hour + 3 * HOUR) },
    ]);
    for (const [at, opens] of [
      [hour - 1, false],
      [hour, true],
      [hour + 3 * HOUR - 1, true],
      [hour + 3 * HOUR, false],
    ] as const) {
      await api.advanceTo(at);
      expect([iso(at), await locks.opens(lock, '4821')]).toEqual([iso(at), opens]);
    }
  });

  it('counts days at its own place, and only where so much rounding is allowed', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ time_step_minutes: 1440, timezone: 'Asia/Kolkata' });
    const hour = await hourAhead();
    const request = {
      device_id: lock.deviceId,
      starts_at: iso(hour + MINUTE),
      ends_at: iso(hour + 2 * MINUTE),
    };
    for (const rounding of [{}, { max_time_rounding: '1hour' }, { max_time_rounding: '1h' }]) {
      const refused = await api.call(CREATE, { ...request, ...rounding });
      expect([refused.status, refused.body.error?.type]).toEqual([400, 'invalid_input']);
      expect(refused.body.error?.validation_errors).toHaveProperty('max_time_rounding');
    }
    const { starts_at, ends_at } = await api.create({ ...withNumbers(request), max_time_rounding: '1d' });
    // Midnight there is half past six in the evening here.
    expect([starts_at, ends_at].map((at) => at!.slice(11, 16))).toEqual(['18:30', '18:30']);
    expect(Date.parse(ends_at!) - Date.parse(starts_at!)).toBe(DAY);
  });

  it.each([
    ['the night in which an hour is left out', '2027-03-27T20:00', '2027-03-28T00:30', '2027-03-28T01:00'],
    ['the night in which an hour comes twice', '2027-10-30T20:00', '2027-10-31T00:30', '2027-10-31T01:00'],
    ['the same an hour later', '2027-10-30T20:00', '2027-10-31T01:30', '2027-10-31T02:00'],
  ])('keeps the guest in until the end in %s', async (_, from, to, rounded) => {
    const { api, locks } = world;
    const lock = await locks.add({ time_step_minutes: 60, timezone: 'Europe/Berlin' });
    const instant = (text: string) => Date.parse(`${text}:00Z`);
    const code = await api.create({
      device_id: lock.deviceId,
      code: '4821',
      starts_at: instant(from),
      ends_at: instant(to),
    });
    expect(code).toMatchObject({ starts_at: iso(instant(from)), ends_at: iso(instant(rounded)) });
  });

  it('rounds what is changed, and nothing else', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ time_step_minutes: 60 });
    const hour = await hourAhead();
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      starts_at: hour,
      ends_at: hour + HOUR,
    });
    await api.update(id, { ends_at: hour + 2 * HOUR + MINUTE });
    expect(await api.get(id)).toMatchObject({ starts_at: iso(hour), ends_at: iso(hour + 3 * HOUR) });
    await api.update(id, { name: 'Guest' });
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Guest', ends_at: iso(hour + 3 * HOUR) }]);
    // An end in the past ends it now.
    await api.advanceTo(hour + 10 * MINUTE);
    await api.update(id, { ends_at: hour + 5 * MINUTE });
    await api.advance(MINUTE);
    expect(await api.status(id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('is not told at all where we keep the time', async () => {
    const { api, locks } = world;
    const hour = await hourAhead();
    const window = { starts_at: hour + MINUTE, ends_at: hour + 2 * MINUTE };
    const simple = await locks.add({ time_step_minutes: 60, native_scheduling: false });
    const kept = await api.create({ device_id: simple.deviceId, code: '4821', ...window });
    const lock = await locks.add({ time_step_minutes: 60 });
    const unscheduled = { code: '4821', prefer_native_scheduling: false, ...window };
    const other = await api.create({ device_id: lock.deviceId, ...unscheduled });
    for (const code of [kept, other]) expect(code).toMatchObject({ starts_at: iso(hour + MINUTE) });
    await api.advanceTo(hour + MINUTE);
    for (const code of [kept, other]) expect(await api.status(code.access_code_id)).toBe('set');
    expect([await locks.opens(simple, '4821'), await locks.opens(lock, '4821')]).toEqual([true, true]);
  });

  it('has backup codes that open at once, and end with the code anyway', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ time_step_minutes: 60 });
    const hour = await hourAhead();
    await api.advanceTo(hour + 20 * MINUTE);
    const { access_code_id } = await api.create({
      ...{ device_id: lock.deviceId, starts_at: hour, ends_at: hour + 2 * HOUR },
      use_backup_access_code_pool: true,
    });
    await api.advance(MINUTE);
    const { backup_access_code: backup } = await api.ask<{
      backup_access_code: { access_code_id: string; code: string };
    }>('/access_codes/pull_backup_access_code', { access_code_id });
    await api.advance(MINUTE);
    expect(await locks.opens(lock, backup.code)).toBe(true);
    expect(await api.get(backup.access_code_id)).toMatchObject({ status: 'set', errors: [] });
    await api.advanceTo(hour + 2 * HOUR + MINUTE);
    expect(await locks.opens(lock, backup.code)).toBe(false);
  });
});

function withNumbers(request: { device_id: string; starts_at: string; ends_at: string }) {
  const { device_id, starts_at, ends_at } = request;
  return { device_id, starts_at: Date.parse(starts_at), ends_at: Date.parse(ends_at) };
}
