import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();

describe('a code on a lock that keeps windows itself', () => {
  it('is preloaded 72 h ahead, still unset, and set at its start', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const startsAt = now + 100 * HOUR;
    const endsAt = startsAt + DAY;
    const created = await api.create({
      device_id: lock.deviceId,
      name: 'Guest',
      code: '4821',
      starts_at: startsAt,
      ends_at: endsAt,
    });
    const id = created.access_code_id;
    expect(created).toMatchObject({
      status: 'unset',
      is_scheduled_on_device: false,
      type: 'time_bound',
      code: '4821',
    });

    await api.advanceTo(startsAt - 72 * HOUR - 1);
    expect(await locks.codes(lock)).toEqual([]);
    expect(await api.get(id)).toMatchObject({ status: 'unset', is_scheduled_on_device: false });

    await api.advanceTo(startsAt - 72 * HOUR + 2 * SECOND);
    expect(await api.get(id)).toMatchObject({
      status: 'unset',
      is_scheduled_on_device: true,
      errors: [],
      warnings: [],
    });
    expect((await world.types(id)).at(-1)).toBe('ScheduledOnDevice');

    await api.advanceTo(startsAt - 1);
    expect(await api.status(id)).toBe('unset');
    expect(await locks.opens(lock, '4821')).toBe(false);
    await api.advanceTo(startsAt);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
    expect(await locks.opens(lock, '4821')).toBe(true);
    expect((await world.story(id)).at(-1)).toMatchObject({ type: 'SetOnDevice', at: startsAt });

    await api.advanceTo(endsAt - 1);
    expect(await locks.opens(lock, '4821')).toBe(true);
    await api.advanceTo(endsAt);
    expect(await locks.opens(lock, '4821')).toBe(false);
    expect(await api.status(id)).toBe('removing');
    await api.advance(2 * SECOND);
    expect(await api.status(id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('is preloaded at once when its start is closer than that', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const startsAt = (await api.now()) + 71 * HOUR;
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      starts_at: startsAt,
      ends_at: startsAt + HOUR,
    });
    await api.advance(2 * SECOND);
    const code = await api.get(id);
    expect(code).toMatchObject({ status: 'unset', is_scheduled_on_device: true });
    expect(await locks.codes(lock)).toMatchObject([{ code: code.code, starts_at: code.starts_at }]);
    expect(await locks.opens(lock, code.code!)).toBe(false);
  });

  it('shows that it is not on the lock at its start, and goes on being tried', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.faults(lock, { offline: true });
    const startsAt = (await api.now()) + 2 * HOUR;
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      starts_at: startsAt,
      ends_at: startsAt + DAY,
    });
    await api.advanceTo(startsAt - 1);
    const waiting = await api.get(id);
    expect(waiting.status).toBe('unset');
    // Before its start it may yet come in time; from then on it has not.
    expect(waiting.warnings.map(({ warning_code }) => warning_code)).toEqual([
      'delay_in_setting_on_device',
      'delay_in_issuing',
    ]);
    expect(waiting.errors.map(({ error_code }) => error_code)).not.toContain('failed_to_issue');
    await api.advanceTo(startsAt);
    const late = await api.get(id);
    expect(late.status).toBe('setting');
    expect(late.errors.map(({ error_code }) => error_code)).toEqual(
      expect.arrayContaining(['failed_to_set_on_device', 'failed_to_issue', 'device_disconnected']),
    );
    expect(late.warnings.map(({ warning_code }) => warning_code)).toEqual(['delay_in_setting_on_device']);

    await api.advance(HOUR);
    await locks.faults(lock, { offline: false });
    await api.advance(2 * SECOND);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
    expect(await locks.opens(lock, code!)).toBe(true);
    const types = await world.types(id);
    for (const once of ['SettingDelayed', 'StartMissed', 'SetOnDevice']) {
      expect([once, types.filter((type) => type === once).length]).toEqual([once, 1]);
    }
  });

  it('is left to us when that is preferred', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const startsAt = (await api.now()) + 5 * HOUR;
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      starts_at: startsAt,
      ends_at: startsAt + HOUR,
      prefer_native_scheduling: false,
    });
    await api.advanceTo(startsAt - HOUR - 1);
    expect(await locks.codes(lock)).toEqual([]);
    await api.advance(2 * SECOND);
    expect(await locks.codes(lock)).toMatchObject([{ starts_at: null, ends_at: null }]);
    expect(await api.get(id)).toMatchObject({ status: 'set', is_scheduled_on_device: false });
  });
});

describe('a code on a lock that keeps no windows', () => {
  it('is unset until its lead time, then setting, then set; and off the lock after its end', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false, faults: { latency_ms: 8000 } });
    const startsAt = (await api.now()) + 30 * HOUR;
    const endsAt = startsAt + 2 * HOUR;
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      starts_at: startsAt,
      ends_at: endsAt,
    });
    const at = async (instant: number) => {
      await api.advanceTo(instant);
      return [await api.status(id), await locks.opens(lock, code!)];
    };
    const lead = startsAt - HOUR;
    expect(await at(lead - 1)).toEqual(['unset', false]);
    expect(await at(lead)).toEqual(['setting', false]);
    expect(await at(lead + 8 * SECOND)).toEqual(['set', true]);
    expect(await at(endsAt - 1)).toEqual(['set', true]);
    expect(await at(endsAt)).toEqual(['removing', true]);
    expect(await at(endsAt + 8 * SECOND)).toEqual([404, false]);
    expect(await world.types(id)).toEqual([
      'CodeRequested',
      'ProgrammingStarted',
      'ProgrammingAccepted',
      'SetOnDevice',
      'RemovalStarted',
      'RemovalSent',
      'Removed',
    ]);
  });
});

describe.each([true, false])('an ongoing code (native scheduling: %s)', (native_scheduling) => {
  it('goes on at once and stays until it is deleted', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const created = await api.create({ device_id: lock.deviceId });
    const { access_code_id: id, code } = created;
    expect(created).toMatchObject({ type: 'ongoing', status: 'setting' });
    expect(created).not.toHaveProperty('starts_at');
    await api.advance(SECOND);
    expect(await api.status(id)).toBe('set');
    await api.advance(3 * DAY);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual(['set', true]);

    await api.delete(id);
    expect(await api.status(id)).toBe('removing');
    await api.advance(SECOND);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual([404, false]);
    const story = await world.story(id);
    expect(story.find(({ type }) => type === 'RemovalStarted')!.data).toMatchObject({ cause: 'deleted' });
    expect(story.at(-1)).toMatchObject({ type: 'Removed', data: { wasOnDevice: true } });
  });
});

describe('deleting a code', () => {
  it('that was never sent is done at once, and is never sent to its lock', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const startsAt = (await api.now()) + 5 * DAY;
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      starts_at: startsAt,
      ends_at: startsAt + DAY,
    });
    await api.delete(id);
    expect(await api.status(id)).toBe(404);
    expect((await api.call('/access_codes/delete', { access_code_id: id })).status).toBe(404);
    await api.advance(6 * DAY + MINUTE);
    expect(await world.types(id)).toEqual(['CodeRequested', 'RemovalStarted', 'Removed']);
    expect((await world.story(id)).at(-1)!.data).toMatchObject({ wasOnDevice: false });
  });

  it.each([
    ['before the lock has answered', 3 * SECOND],
    ['at the instant at which the lock confirms', 8 * SECOND],
  ])('whose programming is in flight removes it for certain: %s', async (_when, after) => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false, faults: { latency_ms: 8000 } });
    const { access_code_id: id, code } = await api.create({ device_id: lock.deviceId });
    await api.advance(after);
    await api.delete(id);
    expect(await api.status(id)).toBe('removing');
    await api.advance(MINUTE);
    expect(await api.status(id)).toBe(404);
    expect(await locks.opens(lock, code!)).toBe(false);
    expect(await locks.codes(lock)).toEqual([]);
  });
});
