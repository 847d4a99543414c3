import { DAY, HOUR, MINUTE, pinsIn, SECOND } from '@latchkey/platform';
import type { SeamAccessCode } from '@latchkey/access-codes';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

async function setCode(lock: LockAndDevice, params: Record<string, unknown> = {}): Promise<SeamAccessCode> {
  const { api } = world;
  const { access_code_id } = await api.create({
    device_id: lock.deviceId,
    name: 'Guest',
    code: '4821',
    ...params,
  });
  await api.advance(2 * SECOND);
  return api.get(access_code_id);
}

/** Within a day every lock is read back, even if its maker tells nothing. */
const foundOut = () => world.api.advance(DAY);
const onLock = async (lock: LockAndDevice) => (await world.locks.codes(lock))[0]!;

describe.each([true, false])(
  'a code that somebody else touches on its lock (native scheduling: %s)',
  (native_scheduling) => {
    it('is put back as it was when its PIN was changed', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const { access_code_id: id } = await setCode(lock);
      await locks.changeByHand(lock, await onLock(lock), { code: '9999' });
      await foundOut();
      expect(await api.get(id)).toMatchObject({ status: 'set', code: '4821', errors: [], warnings: [] });
      expect([await locks.opens(lock, '4821'), await locks.opens(lock, '9999')]).toEqual([true, false]);
      expect(await locks.codes(lock)).toHaveLength(1);
      const modified = (await world.story(id)).find(({ type }) => type === 'ModifiedExternally')!;
      expect(modified.data).toMatchObject({ fields: ['code'], accepted: false });
      expect(pinsIn(JSON.stringify(await world.story(id)), '9999')).toEqual([]);
    });

    it('shows the conflict while it can not be set back', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const { access_code_id: id } = await setCode(lock);
      await locks.changeByHand(lock, await onLock(lock), { code: '9999' });
      await locks.faults(lock, { refuse: 'DEVICE_BUSY' });
      await foundOut();
      const conflicting = await api.get(id);
      expect(conflicting.status).toBe('setting');
      expect(conflicting.errors.map(({ error_code }) => error_code)).toContain(
        'conflicting_external_modification',
      );
      expect(conflicting.code).toBe('4821');
      await locks.faults(lock, { refuse: null });
      await api.advance(11 * MINUTE);
      expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
      expect(await locks.opens(lock, '4821')).toBe(true);
    });

    it('is put back when it was erased', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const { access_code_id: id } = await setCode(lock);
      await locks.eraseByHand(lock, await onLock(lock));
      await foundOut();
      expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
      expect(await locks.opens(lock, '4821')).toBe(true);
      expect((await world.story(id)).find(({ type }) => type === 'RemovedExternally')!.data).toMatchObject({
        accepted: false,
      });
    });

    it('keeps the other PIN where that is allowed', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const { access_code_id: id } = await setCode(lock, { allow_external_modification: true });
      await locks.changeByHand(lock, await onLock(lock), { code: '9999', name: 'Theirs' });
      await foundOut();
      const accepted = await api.get(id);
      expect(accepted).toMatchObject({ status: 'set', code: '9999', name: 'Theirs', errors: [] });
      expect(accepted.warnings).toMatchObject([
        { warning_code: 'external_modification_in_effect', change_type: 'modified' },
      ]);
      expect([await locks.opens(lock, '4821'), await locks.opens(lock, '9999')]).toEqual([false, true]);
      // From now on that PIN is taken, and the old one is free.
      const other = { device_id: lock.deviceId };
      expect((await api.call('/access_codes/create', { ...other, code: '9999' })).status).toBe(409);
      await api.advance(10 * MINUTE);
      expect((await api.call('/access_codes/create', { ...other, code: '4821' })).status).toBe(200);

      await api.update(id, { code: '4477' });
      await api.advance(MINUTE);
      expect(await api.get(id)).toMatchObject({ status: 'set', code: '4477', warnings: [] });
      expect([await locks.opens(lock, '4477'), await locks.opens(lock, '9999')]).toEqual([true, false]);
    });

    it('stays off where that is allowed, until something is asked of it', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const { access_code_id: id } = await setCode(lock, { is_external_modification_allowed: true });
      await locks.eraseByHand(lock, await onLock(lock));
      await foundOut();
      const left = await api.get(id);
      expect(left).toMatchObject({ status: 'unset', errors: [] });
      expect(left.warnings).toMatchObject([
        { warning_code: 'external_modification_in_effect', change_type: 'removed' },
      ]);
      expect(await locks.codes(lock)).toEqual([]);
      await api.update(id, { name: 'Wanted again' });
      await api.advance(MINUTE);
      expect(await api.get(id)).toMatchObject({ status: 'set', warnings: [] });
      await api.delete(id);
      await api.advance(MINUTE);
      expect(await api.status(id)).toBe(404);
    });

    it('is gone for good when it ends, even if it was erased before', async () => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      const now = await api.now();
      const { access_code_id: id } = await setCode(lock, { starts_at: now - HOUR, ends_at: now + HOUR });
      await locks.eraseByHand(lock, await onLock(lock));
      await api.advance(2 * HOUR);
      expect(await api.status(id)).toBe(404);
      expect((await world.types(id)).at(-1)).toBe('Removed');
    });
  },
);

describe('the window of a code that somebody else touches', () => {
  const shift = { starts_at: 3 * HOUR, ends_at: 60 * HOUR };

  it('is set back', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const {
      access_code_id: id,
      starts_at,
      ends_at,
    } = await setCode(lock, { starts_at: now - HOUR, ends_at: now + 50 * HOUR });
    await locks.changeByHand(lock, await onLock(lock), {
      starts_at: new Date(now + shift.starts_at).toISOString(),
      ends_at: new Date(now + shift.ends_at).toISOString(),
    });
    await foundOut();
    expect(await api.get(id)).toMatchObject({ status: 'set', starts_at, ends_at, errors: [] });
    expect(await onLock(lock)).toMatchObject({ starts_at, ends_at });
  });

  it('is taken over where that is allowed', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const { access_code_id: id } = await setCode(lock, {
      starts_at: now - HOUR,
      ends_at: now + 50 * HOUR,
      allow_external_modification: true,
    });
    const window = {
      starts_at: new Date(now + shift.starts_at).toISOString(),
      ends_at: new Date(now + shift.ends_at).toISOString(),
    };
    await locks.changeByHand(lock, await onLock(lock), window);
    await foundOut();
    expect(await api.get(id)).toMatchObject({ status: 'set', ...window });
    await api.advanceTo(now + shift.ends_at + 2 * SECOND);
    expect(await api.status(id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });
});

describe('a foreign code on the lock', () => {
  it('is left alone and never taken for ours, whatever it looks like', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.putByHand(lock, 'Guest', '4821');
    const ours = await api.create({ device_id: lock.deviceId, name: 'Guest', code: '4821' });
    const other = await setCode(lock, { name: 'Other', code: '7700' });
    await foundOut();
    expect(await api.status(ours.access_code_id)).toBe('setting');
    expect((await locks.codes(lock)).map(({ name, code }) => [name, code])).toEqual([
      ['Guest', '4821'],
      ['Other', '7700'],
    ]);
    await api.delete(ours.access_code_id);
    await api.delete(other.access_code_id);
    await api.advance(MINUTE);
    expect(await api.status(ours.access_code_id)).toBe(404);
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Guest', code: '4821' }]);
    expect(await locks.opens(lock, '4821')).toBe(true);
  });

  it('does not stand in the way of the others on the lock', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false });
    await locks.putByHand(lock, 'Owner', '4821');
    const mine = [];
    for (const code of ['4822', '4823', '4824']) mine.push(await setCode(lock, { code }));
    for (const { status } of mine) expect(status).toBe('set');
    await foundOut();
    for (const { access_code_id } of mine) expect(await api.status(access_code_id)).toBe('set');
  });
});
