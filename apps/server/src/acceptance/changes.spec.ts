import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

const mutations = async (id: string) =>
  (await world.api.get(id)).pending_mutations.map(({ mutation_code }) => mutation_code);

async function codeOn(lock: LockAndDevice, window?: { startsIn: number; lasts: number }) {
  const { api } = world;
  const starts_at = (await api.now()) + (window?.startsIn ?? 0);
  const created = await api.create({
    device_id: lock.deviceId,
    name: 'Guest',
    code: '4821',
    ...(window ? { starts_at, ends_at: starts_at + window.lasts } : {}),
  });
  await api.advance(10 * SECOND);
  return { id: created.access_code_id, starts_at, ends_at: starts_at + (window?.lasts ?? 0) };
}

describe('a code that its lock has not heard of', () => {
  it.each([true, false])(
    'is changed in name, PIN and window at once (native scheduling: %s)',
    async (native) => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling: native });
      const { id, starts_at } = await codeOn(lock, { startsIn: 8 * DAY, lasts: HOUR });
      const moved = { starts_at: starts_at - 7 * DAY, ends_at: starts_at - 7 * DAY + 2 * HOUR };
      await api.update(id, { name: 'Cleaner', code: '4822', ...moved });
      expect(await api.get(id)).toMatchObject({ name: 'Cleaner', code: '4822', status: 'unset' });
      await api.advanceTo(moved.starts_at);
      expect(await api.status(id)).toBe('set');
      expect(await locks.codes(lock)).toMatchObject([{ name: 'Cleaner', code: '4822' }]);
      await api.advanceTo(moved.ends_at + 2 * SECOND);
      expect(await api.status(id)).toBe(404);
    },
  );

  it('ends at once when its window is moved into the past', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { id } = await codeOn(lock, { startsIn: 8 * DAY, lasts: HOUR });
    const now = await api.now();
    await api.update(id, { starts_at: now - 2 * HOUR, ends_at: now - HOUR });
    await api.settle();
    expect(await api.status(id)).toBe(404);
    expect(await world.types(id)).toEqual(['CodeRequested', 'ChangeRequested', 'RemovalStarted', 'Removed']);
  });
});

describe('a code that is preloaded', () => {
  it('takes another name, PIN and window on the lock itself', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { id, starts_at } = await codeOn(lock, { startsIn: 2 * DAY, lasts: HOUR });
    expect(await api.get(id)).toMatchObject({ status: 'unset', is_scheduled_on_device: true });
    const later = { starts_at: starts_at + 5 * DAY, ends_at: starts_at + 5 * DAY + HOUR };
    await api.update(id, { name: 'Cleaner', code: '4822', ...later });
    expect(await mutations(id)).toEqual(['updating_name', 'updating_code', 'updating_time_frame']);
    await api.advance(2 * SECOND);
    expect(await mutations(id)).toEqual([]);
    expect(await locks.codes(lock)).toMatchObject([
      { name: 'Cleaner', code: '4822', starts_at: new Date(later.starts_at).toISOString() },
    ]);
    await api.advanceTo(starts_at);
    expect([await api.status(id), await locks.opens(lock, '4822')]).toEqual(['unset', false]);
    await api.advanceTo(later.starts_at);
    expect([await api.status(id), await locks.opens(lock, '4822')]).toEqual(['set', true]);
  });

  it('is set at once when its start is moved into the past', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { id, ends_at } = await codeOn(lock, { startsIn: 2 * DAY, lasts: HOUR });
    await api.update(id, { starts_at: (await api.now()) - HOUR, ends_at });
    await api.advance(SECOND);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
  });

  it('becomes ongoing, and time-bound again', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { id, ends_at } = await codeOn(lock, { startsIn: 2 * DAY, lasts: HOUR });
    await api.update(id, { type: 'ongoing' });
    await api.advance(SECOND);
    expect(await api.get(id)).toMatchObject({ type: 'ongoing', status: 'set' });
    expect(await locks.opens(lock, '4821')).toBe(true);
    await api.update(id, { type: 'time_bound', starts_at: (await api.now()) + HOUR, ends_at });
    await api.advance(SECOND);
    expect(await api.get(id)).toMatchObject({ type: 'time_bound', status: 'unset' });
    expect(await locks.opens(lock, '4821')).toBe(false);
  });
});

describe.each([true, false])('a code that is set (native scheduling: %s)', (native_scheduling) => {
  it('has its new PIN confirmed before the old one is called gone', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling, faults: { latency_ms: 8000 } });
    const { id } = await codeOn(lock);
    await api.update(id, { code: '4822' });
    const changing = await api.get(id);
    expect(changing).toMatchObject({ status: 'setting', code: '4822' });
    expect(changing.pending_mutations).toMatchObject([
      { mutation_code: 'updating_code', from: { code: '4821' }, to: { code: '4822' } },
    ]);
    await api.advance(8 * SECOND - 1);
    expect([await locks.opens(lock, '4821'), await locks.opens(lock, '4822')]).toEqual([true, false]);
    const other = { device_id: lock.deviceId, code: '4821' };
    expect((await api.call('/access_codes/create', other)).status).toBe(409);
    await api.advance(1);
    expect([await locks.opens(lock, '4821'), await locks.opens(lock, '4822')]).toEqual([false, true]);
    expect(await api.get(id)).toMatchObject({ status: 'set', pending_mutations: [] });
  });

  it('is renamed without being touched otherwise', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { id } = await codeOn(lock, { startsIn: 0, lasts: DAY });
    await api.update(id, { name: 'Cleaner' });
    await api.advance(SECOND);
    expect(await api.get(id)).toMatchObject({ status: 'set', name: 'Cleaner', pending_mutations: [] });
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Cleaner', code: '4821' }]);
  });

  it('goes when its end is moved into the past', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { id, starts_at } = await codeOn(lock, { startsIn: -HOUR, lasts: DAY });
    await api.update(id, { starts_at, ends_at: (await api.now()) - SECOND });
    await api.settle();
    expect(await api.status(id)).toBe('removing');
    await api.advance(SECOND);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual([404, false]);
  });

  it('stays on until its new end when that is moved on', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { id, starts_at, ends_at } = await codeOn(lock, { startsIn: -HOUR, lasts: 2 * HOUR });
    await api.update(id, { ends_at: ends_at + HOUR });
    await api.advanceTo(ends_at + HOUR - 1);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
    expect(await api.get(id)).toMatchObject({ starts_at: new Date(starts_at).toISOString() });
    await api.advance(2 * SECOND);
    expect(await api.status(id)).toBe(404);
  });

  it('opens no more until its new start when that is moved into the future', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { id } = await codeOn(lock, { startsIn: -HOUR, lasts: 2 * HOUR });
    const starts_at = (await api.now()) + 5 * HOUR;
    await api.update(id, { starts_at, ends_at: starts_at + HOUR });
    await api.advance(2 * SECOND);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['unset', false]);
    expect(await locks.codes(lock)).toHaveLength(native_scheduling ? 1 : 0);
    await api.advanceTo(starts_at);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
    await api.advanceTo(starts_at + HOUR + SECOND);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual([404, false]);
  });

  it('becomes time-bound, and ongoing again', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { id } = await codeOn(lock);
    const starts_at = (await api.now()) - HOUR;
    await api.update(id, { type: 'time_bound', starts_at, ends_at: starts_at + 2 * HOUR });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ type: 'time_bound', status: 'set', pending_mutations: [] });
    await api.update(id, { type: 'ongoing' });
    await api.advance(MINUTE);
    const ongoing = await api.get(id);
    expect(ongoing).toMatchObject({ type: 'ongoing', status: 'set', pending_mutations: [] });
    expect(ongoing).not.toHaveProperty('ends_at');
    await api.advance(DAY);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
  });

  it('takes the last of several changes in a row, whatever was under way', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling, faults: { latency_ms: 8000 } });
    const { id } = await codeOn(lock);
    for (const code of ['4822', '4823', '4824']) {
      await api.update(id, { code });
      await api.advance(3 * SECOND);
    }
    await api.update(id, { code: '4821', name: 'Back again' });
    await api.advance(MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'set', code: '4821', pending_mutations: [] });
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Back again', code: '4821' }]);
    await api.advance(10 * MINUTE);
    const others = await api.create({ device_id: lock.deviceId, code: '4823' });
    await api.advance(10 * MINUTE);
    expect(await api.status(others.access_code_id)).toBe('set');
  });
});

describe('a code whose programming is under way', () => {
  it('is set as it was changed meanwhile', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { latency_ms: 8000 } });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(3 * SECOND);
    await api.update(id, { code: '4822' });
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toMatchObject([{ code: '4822' }]);
    expect(await api.get(id)).toMatchObject({ status: 'set', pending_mutations: [] });
  });

  it('is taken off again when its start was moved into the future meanwhile', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false, faults: { latency_ms: 8000 } });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(3 * SECOND);
    const starts_at = (await api.now()) + 5 * HOUR;
    await api.update(id, { type: 'time_bound', starts_at, ends_at: starts_at + HOUR });
    await api.advance(MINUTE);
    expect([await api.status(id), await locks.codes(lock)]).toEqual(['unset', []]);
    await api.advanceTo(starts_at);
    expect([await api.status(id), await locks.opens(lock, '4821')]).toEqual(['set', true]);
  });
});

describe('a code that is being removed', () => {
  it.each([{ name: 'Other' }, { code: '4822' }, { type: 'ongoing' }, { ends_at: Date.UTC(2090, 0, 1) }])(
    'refuses %j',
    async (change) => {
      const { api, locks } = world;
      const lock = await locks.add({ faults: { latency_ms: 8000 } });
      const { id } = await codeOn(lock, { startsIn: -HOUR, lasts: DAY });
      await api.delete(id);
      const params = {
        access_code_id: id,
        ...change,
        ...(change.ends_at ? { ends_at: new Date(change.ends_at).toISOString() } : {}),
      };
      const refused = await api.call('/access_codes/update', params);
      expect(refused.status).toBe(400);
      expect(refused.body).toMatchObject({ ok: false, error: { type: 'access_code_being_removed' } });
      await api.advance(10 * SECOND);
      expect(await api.status(id)).toBe(404);
      expect((await api.call('/access_codes/update', params)).status).toBe(404);
      expect(await world.types(id)).not.toContain('ChangeRequested');
    },
  );
});
