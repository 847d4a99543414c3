import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer();

describe('a code for one time', () => {
  it.each([true, false])(
    'opens the door once, and is gone (native scheduling: %s)',
    async (native_scheduling) => {
      const { api, locks } = world;
      const lock = await locks.add({ one_time_codes: true, native_scheduling });
      const now = await api.now();
      const { access_code_id: id, is_one_time_use } = await api.create({
        ...{ device_id: lock.deviceId, code: '4821', is_one_time_use: true },
        ...{ starts_at: now, ends_at: now + DAY },
      });
      expect(is_one_time_use).toBe(true);
      await api.advance(MINUTE);
      expect(await api.status(id)).toBe('set');
      expect([await locks.opens(lock, '4821'), await locks.opens(lock, '4821')]).toEqual([true, false]);
      await api.advance(MINUTE);
      expect(await api.status(id)).toBe(404);
      expect(await locks.codes(lock)).toEqual([]);
      const types = await api.eventTypes(id);
      expect(types.at(-1)).toBe('access_code.removed_from_device');
      expect(types).not.toContain('access_code.deleted_external_to_seam');
      // Its PIN is free for the next one.
      await api.create({ device_id: lock.deviceId, code: '4821' });
    },
  );

  it('is found to be used up where its lock told nobody, and is never set again', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ one_time_codes: true });
    const { access_code_id: id } = await api.create({
      ...{ device_id: lock.deviceId, code: '4821', is_one_time_use: true },
    });
    await api.advance(MINUTE);
    await locks.faults(lock, { lose_webhooks: 1 });
    expect(await locks.opens(lock, '4821')).toBe(true);
    await api.advance(2 * DAY);
    expect(await api.status(id)).toBe(404);
    expect(await locks.opens(lock, '4821')).toBe(false);
    expect((await world.types(id)).filter((type) => type === 'ProgrammingStarted')).toHaveLength(1);
  });

  it('ends unused as every code does, and may be changed before', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ one_time_codes: true });
    const now = await api.now();
    const { access_code_id: id } = await api.create({
      ...{ device_id: lock.deviceId, code: '4821', is_one_time_use: true },
      ...{ starts_at: now, ends_at: now + HOUR },
    });
    await api.advance(MINUTE);
    await api.update(id, { code: '7350' });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'set', code: '7350', is_one_time_use: true });
    await api.advanceTo(now + HOUR + MINUTE);
    expect(await api.status(id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('is refused where the lock has no such codes', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const refused = await api.call('/access_codes/create', {
      device_id: lock.deviceId,
      is_one_time_use: true,
    });
    expect([refused.status, refused.body.error?.type]).toEqual([400, 'invalid_input']);
    expect(refused.body.error?.validation_errors).toHaveProperty('is_one_time_use');
  });
});
