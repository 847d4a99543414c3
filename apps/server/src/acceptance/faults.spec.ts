import { DAY, HOUR, MINUTE, SECOND } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

const NO_FAULTS = { offline: false, refuse: null, fail: null, lose_answers: 0, lose_webhooks: 0 };

/** Faults that pass, and whether they pass by themselves. */
const passing: [string, Record<string, unknown>][] = [
  ['offline', { offline: true }],
  ['refusing as busy', { refuse: 'DEVICE_BUSY' }],
  ['refusing as full', { refuse: 'LOCK_FULL' }],
  ['failing what it has accepted', { fail: 'MOTOR_STALLED' }],
  ['failing as offline', { fail: 'DEVICE_OFFLINE' }],
  ['losing its answer', { lose_answers: 1 }],
  ['losing every answer', { lose_answers: 6 }],
  ['losing its report', { lose_webhooks: 1 }],
  ['losing answer and report', { lose_answers: 1, lose_webhooks: 1 }],
  ['losing its answer, and slow', { lose_answers: 1, latency_ms: 90_000 }],
  ['repeating its reports', { repeat_webhooks: 3 }],
  ['reporting late', { delay_webhooks_ms: 3 * MINUTE }],
  ['reporting in another order', { delay_webhooks_ms: 30_000, repeat_webhooks: 2 }],
  ['slow', { latency_ms: 50_000 }],
  ['slower than the deadline', { latency_ms: 200_000 }],
];

const window = async (startsIn: number, lasts: number) => {
  const starts_at = (await world.api.now()) + startsIn;
  return { starts_at, ends_at: starts_at + lasts };
};

/** Some time with the fault, then some without. */
async function through(lock: LockAndDevice): Promise<void> {
  await world.api.advance(12 * MINUTE);
  await world.locks.faults(lock, NO_FAULTS);
  await world.api.advance(12 * MINUTE);
}

const count = (types: string[], type: string) => types.filter((one) => one === type).length;

describe.each([true, false])('a lock (native scheduling: %s)', (native_scheduling) => {
  it.each(passing)(
    'that is %s: the code is set once, changed, and removed in the end',
    async (_what, faults) => {
      const { api, locks } = world;
      const lock = await locks.add({ native_scheduling });
      await locks.faults(lock, faults);
      const { access_code_id: id } = await api.create({
        device_id: lock.deviceId,
        code: '4821',
        ...(await window(-HOUR, DAY)),
      });
      await through(lock);
      expect(await api.get(id)).toMatchObject({
        status: 'set',
        errors: [],
        warnings: [],
        pending_mutations: [],
      });
      expect(await locks.opens(lock, '4821')).toBe(true);
      expect(await locks.codes(lock)).toHaveLength(1);

      await locks.faults(lock, faults);
      await api.update(id, { code: '4822', name: 'Changed' });
      await through(lock);
      expect(await api.get(id)).toMatchObject({
        status: 'set',
        errors: [],
        warnings: [],
        pending_mutations: [],
      });
      expect([await locks.opens(lock, '4821'), await locks.opens(lock, '4822')]).toEqual([false, true]);

      await locks.faults(lock, faults);
      await api.delete(id);
      await through(lock);
      expect(await api.status(id)).toBe(404);
      expect(await locks.codes(lock)).toEqual([]);
      const types = await world.types(id);
      for (const type of ['SettingDelayed', 'StartMissed', 'RemovalStarted', 'RemovalDelayed', 'Removed']) {
        expect([type, count(types, type)]).toEqual([type, Math.min(1, count(types, type))]);
      }
    },
  );
});

describe('a lock that goes on failing', () => {
  it('is left more and more in peace, and told of once', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false });
    await locks.faults(lock, { fail: 'MOTOR_STALLED' });
    const { access_code_id: id } = await api.create({ device_id: lock.deviceId });
    await api.advance(4 * MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'setting', warnings: [] });
    expect((await api.get(id)).errors).toMatchObject([{ error_code: 'failed_to_set_on_device' }]);
    await api.advance(2 * HOUR);
    expect((await api.get(id)).warnings).toMatchObject([{ warning_code: 'delay_in_setting_on_device' }]);
    const attempts = (await world.story(id)).filter(({ type }) => type === 'ProgrammingStarted');
    const pauses = attempts.slice(1).map(({ at }, index) => at - attempts[index]!.at);
    expect(pauses[0]).toBeLessThan(10 * SECOND);
    expect(pauses.at(-1)).toBeGreaterThan(4 * MINUTE);
    expect(Math.max(...pauses)).toBeLessThan(11 * MINUTE);
    expect(attempts.length).toBeLessThan(35);

    await locks.faults(lock, NO_FAULTS);
    await api.advance(11 * MINUTE);
    expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });

    await locks.faults(lock, { fail: 'MOTOR_STALLED' });
    await api.delete(id);
    await api.advance(HOUR);
    const stuck = await api.get(id);
    expect(stuck.status).toBe('removing');
    expect(stuck.errors).toMatchObject([{ error_code: 'failed_to_remove_from_device' }]);
    expect(stuck.warnings.map(({ warning_code }) => warning_code)).toContain('delay_in_removing_from_device');
    await locks.faults(lock, NO_FAULTS);
    await api.advance(11 * MINUTE);
    expect(await api.status(id)).toBe(404);
    const types = await world.types(id);
    expect(count(types, 'SettingDelayed')).toBe(1);
    expect(count(types, 'RemovalDelayed')).toBe(1);
  });

  it.each(['refuse', 'fail'])(
    'with a PIN that it can never take is not tried again until it is changed (%s)',
    async (how) => {
      const { api, locks } = world;
      const lock = await locks.add();
      await locks.faults(lock, { [how]: 'INVALID_PIN' });
      const { access_code_id: id } = await api.create({ device_id: lock.deviceId, code: '4821' });
      await api.advance(6 * HOUR);
      const refused = await api.get(id);
      expect(refused.status).toBe('setting');
      expect(refused.errors.map(({ error_code }) => error_code)).toEqual(
        expect.arrayContaining(['failed_to_set_on_device', 'code_constraints_violated']),
      );
      expect(count(await world.types(id), 'ProgrammingStarted')).toBe(1);

      await locks.faults(lock, NO_FAULTS);
      await api.advance(6 * HOUR);
      expect(count(await world.types(id), 'ProgrammingStarted')).toBe(1);
      await api.update(id, { code: '4823' });
      await api.advance(SECOND);
      expect(await api.get(id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
      expect(await locks.opens(lock, '4823')).toBe(true);
      await api.delete(id);
      await api.advance(SECOND);
      expect(await api.status(id)).toBe(404);
    },
  );
});

describe('a code whose lock', () => {
  it('is offline for the whole window never opens the door', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.faults(lock, { offline: true });
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      ...(await window(HOUR, HOUR)),
    });
    await api.advance(3 * HOUR);
    expect(await api.status(id)).toBe(404);
    await locks.faults(lock, NO_FAULTS);
    await api.advance(HOUR);
    expect(await locks.opens(lock, code!)).toBe(false);
    expect(await locks.codes(lock)).toEqual([]);
    expect((await world.story(id)).at(-1)).toMatchObject({ type: 'Removed', data: { wasOnDevice: false } });
  });

  it('is offline when it ends comes off it when it is back', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling: false });
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      ...(await window(0, HOUR)),
    });
    await api.advance(MINUTE);
    await locks.faults(lock, { offline: true });
    await api.advance(5 * HOUR);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual(['removing', true]);
    await locks.faults(lock, NO_FAULTS);
    await api.advance(2 * SECOND);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual([404, false]);
  });

  it('is full waits for room, and takes it as soon as there is some', async () => {
    const { api, locks } = world;
    const lock = await locks.named('Office');
    const device_id = lock.deviceId;
    const five = [];
    for (let nth = 0; nth < 5; nth++) five.push(await api.create({ device_id }));
    await api.advance(MINUTE);
    const sixth = await api.create({ device_id });
    await api.advance(HOUR);
    const waiting = await api.get(sixth.access_code_id);
    expect(waiting.status).toBe('setting');
    expect(waiting.errors.map(({ error_code }) => error_code)).toEqual(
      expect.arrayContaining(['no_space_for_access_code_on_device', 'failed_to_set_on_device']),
    );
    await api.delete(five[2]!.access_code_id);
    await api.advance(10 * SECOND);
    expect(await api.get(sixth.access_code_id)).toMatchObject({ status: 'set', errors: [], warnings: [] });
    expect(await locks.opens(lock, sixth.code!)).toBe(true);
    for (const { access_code_id } of [...five.filter((_, nth) => nth !== 2), sixth])
      await api.delete(access_code_id);
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('has a clock that is far off is not left to keep the window', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.faults(lock, { clock_drift_ms: 3 * HOUR });
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      ...(await window(2 * HOUR, HOUR)),
    });
    const start = await api.now();
    const opensAt = async (instant: number) => {
      await api.advanceTo(start + instant);
      return locks.opens(lock, code!);
    };
    expect(await opensAt(HOUR - 1)).toBe(false);
    expect(await opensAt(2 * HOUR)).toBe(true);
    expect(await opensAt(3 * HOUR - 1)).toBe(true);
    expect(await opensAt(3 * HOUR + MINUTE)).toBe(false);
    expect(await api.status(id)).toBe(404);
  });

  it('ignores the window it was given is not noticed by us, but its end is kept', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { ignore_schedule: true } });
    const { access_code_id: id, code } = await api.create({
      device_id: lock.deviceId,
      ...(await window(HOUR, HOUR)),
    });
    await api.advance(2 * HOUR + 2 * SECOND);
    expect([await api.status(id), await locks.opens(lock, code!)]).toEqual([404, false]);
  });

  it('answers after 8 s, now and then refuses and loses an answer, has them all set and removed in the end', async () => {
    const { api, locks } = world;
    const lock = await locks.named('Barn');
    const made = [];
    for (let nth = 0; nth < 8; nth++) made.push(await api.create({ device_id: lock.deviceId }));
    await api.advance(HOUR);
    for (const { access_code_id, code } of made) {
      expect([await api.status(access_code_id), await locks.opens(lock, code!)]).toEqual(['set', true]);
    }
    for (const { access_code_id } of made) await api.delete(access_code_id);
    await api.advance(HOUR);
    expect(await locks.codes(lock)).toEqual([]);
    for (const { access_code_id } of made) expect(await api.status(access_code_id)).toBe(404);
  });
});

describe('a lock that is taken out of its account', () => {
  it('leaves its codes unknown; what ends or is deleted is gone', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const ongoing = await api.create({ device_id });
    const ending = await api.create({ device_id, ...(await window(0, HOUR)) });
    await api.advance(MINUTE);
    await api.ask('/devices/simulate/remove', { device_id });
    await api.advance(MINUTE);
    expect(await api.status(ongoing.access_code_id)).toBe('unknown');
    await api.advance(2 * HOUR);
    expect(await api.status(ending.access_code_id)).toBe(404);
    await api.delete(ongoing.access_code_id);
    await api.settle();
    expect(await api.status(ongoing.access_code_id)).toBe(404);
    expect((await api.call('/access_codes/create', { device_id })).status).toBe(404);
  });
});
