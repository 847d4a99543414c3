import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { useServer } from '../testing/use-server';

const world = useServer({ ACCOUNT_POLL_EVERY: 'PT30M' });

describe('what a lock has refused for good', () => {
  const final = [
    'INVALID_PIN',
    'INVALID_PIN_FORMAT',
    'INVALID_REQUEST',
    'INVALID_NAME',
    'SCHEDULE_NOT_SUPPORTED',
    'PIN_CANNOT_BE_SPECIFIED',
  ];

  it.each(final)(
    '%s: is tried again by an update, with the same PIN or with nothing new at all',
    async (refuse) => {
      const { api, locks } = world;
      const lock = await locks.add({ faults: { refuse } });
      const now = await api.now();
      const stay = { starts_at: now, ends_at: now + 30 * DAY };
      const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821', ...stay });
      const tries = async () =>
        (await world.types(id)).filter((type) => type === 'ProgrammingStarted').length;
      const refused = [
        { error_code: 'failed_to_set_on_device' },
        { error_code: 'code_constraints_violated' },
      ];
      await api.advance(HOUR);
      for (const change of [{ code: '4821' }, {}]) {
        const before = await tries();
        // Not by itself.
        await api.advance(DAY);
        expect([await tries(), await api.get(id)]).toMatchObject([before, { status: 'setting' }]);
        expect((await api.get(id)).errors).toEqual(
          expect.arrayContaining(refused.map(expect.objectContaining)),
        );
        await api.update(id, change);
        await api.advance(HOUR);
        expect(await tries()).toBeGreaterThan(before);
        expect((await api.get(id)).status).toBe('setting');
      }
      await locks.faults(lock, { refuse: null });
      await api.update(id, { code: '4821' });
      await api.advance(MINUTE);
      expect(await api.get(id)).toMatchObject({ status: 'set', errors: [] });
      expect(await locks.opens(lock, '4821')).toBe(true);
    },
  );

  it.each(final)('%s: a change that was refused is tried again by an update as well', async (refuse) => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    await locks.faults(lock, { refuse });
    await api.update(id, { code: '7350' });
    await api.advance(DAY);
    expect(await locks.opens(lock, '4821')).toBe(true);
    await locks.faults(lock, { refuse: null });
    await api.advance(HOUR);
    expect(await locks.opens(lock, '7350')).toBe(false);
    await api.update(id, { code: '7350' });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'set', code: '7350', errors: [] });
    expect([await locks.opens(lock, '7350'), await locks.opens(lock, '4821')]).toEqual([true, false]);
  });
});
