import { DAY, HOUR, MINUTE, pinsIn, SECOND } from '@latchkey/platform';
import type { ListedEvent } from '../testing/api';
import { useServer } from '../testing/use-server';

const world = useServer();

const brief = ({ event_type, occurred_at }: ListedEvent): [string, number] => [
  event_type.replace('access_code.', ''),
  Date.parse(occurred_at),
];
const count = (types: string[], type: string) => types.filter((one) => one === `access_code.${type}`).length;

describe('the events of a code', () => {
  it('tell its life, each at its instant: preloaded, set, removed', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const startsAt = now + 80 * HOUR;
    const endsAt = startsAt + HOUR;
    const window = { starts_at: startsAt, ends_at: endsAt };
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821', ...window });
    await api.advanceTo(endsAt + MINUTE);
    const events = await api.events(id);
    const told = events.map(brief).filter(([type]) => !['mutations_requested', 'changed'].includes(type));
    expect(told.slice(0, 4)).toEqual([
      ['created', now],
      ['scheduled_on_device', startsAt - 72 * HOUR + SECOND],
      ['set_on_device', startsAt],
      ['removed_from_device', endsAt + SECOND],
    ]);
    for (const event of events) {
      expect(event).toMatchObject({ access_code_id: id, device_id: lock.deviceId });
      expect(event['connected_account_id']).toEqual(expect.any(String));
    }
  });

  it('say nothing of a removal when it never was on its lock', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const startsAt = (await api.now()) + 10 * DAY;
    const window = { starts_at: startsAt, ends_at: startsAt + HOUR };
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, ...window });
    await api.delete(id);
    await api.settle();
    const types = await api.eventTypes(id);
    expect([count(types, 'deleted'), count(types, 'removed_from_device')]).toEqual([1, 0]);
  });

  it('tell of trouble once each, as it becomes true', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.faults(lock, { fail: 'MOTOR_STALLED' });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId });
    await api.advance(2 * HOUR);
    await locks.faults(lock, { fail: null });
    await api.advance(11 * MINUTE);
    expect(await api.status(id)).toBe('set');
    await locks.faults(lock, { fail: 'MOTOR_STALLED' });
    await api.delete(id);
    await api.advance(2 * HOUR);
    const types = await api.eventTypes(id);
    for (const type of [
      'delay_in_setting_on_device',
      'failed_to_set_on_device',
      'set_on_device',
      'failed_to_remove_from_device',
    ]) {
      expect([type, count(types, type)]).toEqual([type, 1]);
    }
    expect(count(types, 'removed_from_device')).toBe(0);
    await locks.faults(lock, { fail: null });
    await api.advance(11 * MINUTE);
    expect(count(await api.eventTypes(id), 'removed_from_device')).toBe(1);
    const failed = (await api.events(id)).find(
      ({ event_type }) => event_type === 'access_code.failed_to_set_on_device',
    )!;
    expect(failed['access_code_errors']).toMatchObject([{ error_code: 'failed_to_set_on_device' }]);
  });

  it('tell of changes when the lock has confirmed them', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { latency_ms: 8000 } });
    const { access_code_id: id } = await api.create({
      device_id: lock.deviceId,
      name: 'Guest',
      code: '4821',
    });
    await api.advance(MINUTE);
    await api.update(id, { code: '4822', name: 'Cleaner' });
    const asked = await api.now();
    const confirmed = async () =>
      (await api.events(id)).map(brief).filter(([type]) => ['name_changed', 'code_changed'].includes(type));
    expect(await confirmed()).toEqual([]);
    await api.advance(8 * SECOND);
    expect((await confirmed()).sort()).toEqual([
      ['code_changed', asked + 8 * SECOND],
      ['name_changed', asked + 8 * SECOND],
    ]);
  });

  it.each([
    ['modified_external_to_seam', 'change'],
    ['deleted_external_to_seam', 'erase'],
  ])("tell of somebody else's hand: %s", async (type, how) => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
    await api.advance(MINUTE);
    const [onLock] = await locks.codes(lock);
    if (how === 'change') await locks.changeByHand(lock, onLock!, { code: '9999' });
    else await locks.eraseByHand(lock, onLock!);
    await api.advance(DAY);
    expect(count(await api.eventTypes(id), type)).toBe(1);
    expect(await api.status(id)).toBe('set');
    expect(pinsIn(JSON.stringify(await api.events(id)), '9999')).toEqual([]);
  });
});
