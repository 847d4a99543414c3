import { HOUR, SECOND } from '../testing/instants';
import { ServerWorld } from '../testing/server-world';

let world: ServerWorld;
beforeAll(async () => {
  world = await ServerWorld.start();
}, 60_000);
afterAll(() => world.stop());

describe('a code on a lock that keeps windows itself', () => {
  it('is preloaded 72 h ahead, still unset, and set at its start', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const startsAt = now + 100 * HOUR;
    const endsAt = startsAt + 24 * HOUR;
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
});
