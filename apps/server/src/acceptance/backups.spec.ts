import type { SeamAccessCode } from '@latchkey/access-codes';
import { DAY, HOUR, MINUTE, seamSchema } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

interface Pulled {
  access_code: SeamAccessCode;
  backup_access_code: SeamAccessCode;
}

const PULL = '/access_codes/pull_backup_access_code';
const pull = (access_code_id: string) => world.api.ask<Pulled>(PULL, { access_code_id });

/** A code for two days from now on that has backups behind it. */
async function guest(lock: LockAndDevice, code: string, more: object = {}): Promise<SeamAccessCode> {
  const now = await world.api.now();
  return world.api.create({
    device_id: lock.deviceId,
    name: 'Guest',
    code,
    starts_at: now - HOUR,
    ends_at: now + 2 * DAY,
    use_backup_access_code_pool: true,
    ...more,
  });
}

const listed = async (lock: LockAndDevice): Promise<string[]> =>
  (
    await world.api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list', {
      device_id: lock.deviceId,
    })
  ).access_codes.map(({ access_code_id }) => access_code_id);

describe.each([true, false])('a backup pool (native scheduling: %s)', (native_scheduling) => {
  it('is filled by its first use, and opens the door the moment one is pulled, until the code ends', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const asked = await guest(lock, '4821');
    expect(asked.is_backup_access_code_available).toBe(false);
    await api.advance(MINUTE);
    const troubled = await api.get(asked.access_code_id);
    expect(troubled).toMatchObject({ is_backup_access_code_available: true, warnings: [] });
    expect(await locks.codes(lock)).toHaveLength(3);
    expect(await listed(lock)).toEqual([troubled.access_code_id]);

    const { access_code, backup_access_code: backup } = await pull(troubled.access_code_id);
    expect(await locks.opens(lock, backup.code!)).toBe(true);
    expect(backup).toMatchObject({
      is_backup: true,
      is_managed: true,
      type: 'time_bound',
      device_id: lock.deviceId,
      starts_at: new Date(await api.now()).toISOString(),
      ends_at: troubled.ends_at,
      errors: [],
    });
    expect(access_code).toMatchObject({
      access_code_id: troubled.access_code_id,
      pulled_backup_access_code_id: backup.access_code_id,
      is_backup_access_code_available: false,
    });
    expect(access_code.warnings.map(({ warning_code }) => warning_code)).toEqual([
      'using_backup_access_code',
    ]);
    for (const shown of [access_code, backup]) expect((await seamSchema('access_code'))(shown)).toEqual([]);
    // Again: the same one.
    expect((await pull(troubled.access_code_id)).backup_access_code.access_code_id).toBe(
      backup.access_code_id,
    );
    const told = (await api.events(troubled.access_code_id)).filter(
      ({ event_type }) => event_type === 'access_code.backup_access_code_pulled',
    );
    expect(told).toMatchObject([{ backup_access_code_id: backup.access_code_id }]);
    expect((await seamSchema('event'))(told[0])).toEqual([]);

    // The pool is filled again.
    await api.advance(MINUTE);
    expect(await locks.codes(lock)).toHaveLength(4);
    expect((await listed(lock)).sort()).toEqual([troubled.access_code_id, backup.access_code_id].sort());
    expect(await api.get(backup.access_code_id)).toMatchObject({ status: 'set', errors: [] });
    expect(await locks.opens(lock, backup.code!)).toBe(true);

    await api.advanceTo(Date.parse(troubled.ends_at!) + MINUTE);
    expect(await locks.opens(lock, backup.code!)).toBe(false);
    expect(await api.status(backup.access_code_id)).toBe(404);
    // Spare codes stay, for the next request.
    expect(await locks.codes(lock)).toHaveLength(2);
    expect(await api.eventTypes(backup.access_code_id)).toContain('access_code.removed_from_device');
  });

  it('gives different codes to different codes, and one when there is one', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const [one, two] = [await guest(lock, '4821'), await guest(lock, '7350')];
    await api.advance(MINUTE);
    const both = await Promise.all([pull(one.access_code_id), pull(two.access_code_id)]);
    const [first, second] = both.map(({ backup_access_code }) => backup_access_code.access_code_id);
    expect(first).not.toBe(second);
    const three = await guest(lock, '9911');
    const none = await api.call(PULL, { access_code_id: three.access_code_id });
    expect([none.status, none.body.error?.type]).toEqual([400, 'backup_access_code_not_available']);
    await api.advance(MINUTE);
    const repeated = await Promise.all([1, 2, 3].map(() => pull(three.access_code_id)));
    const given = new Set(repeated.map(({ backup_access_code }) => backup_access_code.access_code_id));
    expect(given.size).toBe(1);
  });
});

it('gives another one for one that was let go of, and never one that is no longer ours', async () => {
  const { api, locks } = world;
  const lock = await locks.add();
  const { deviceId: device_id } = lock;
  const troubled = await guest(lock, '4821');
  await api.advance(MINUTE);
  const first = (await pull(troubled.access_code_id)).backup_access_code.access_code_id;
  await api.advance(MINUTE);
  await api.update(first, { is_managed: false });
  const second = (await pull(troubled.access_code_id)).backup_access_code.access_code_id;
  expect(second).not.toBe(first);

  await api.advance(MINUTE);
  await api.ask('/devices/update', { device_id, is_managed: false });
  await api.advance(MINUTE);
  await api.ask('/devices/unmanaged/update', { device_id, is_managed: true });
  const theirs = await api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/unmanaged/list', {
    device_id,
  });
  const next = await guest(lock, '7350');
  await api.advance(MINUTE);
  const third = (await pull(next.access_code_id)).backup_access_code.access_code_id;
  expect(theirs.access_codes.map(({ access_code_id }) => access_code_id)).not.toContain(third);
  // One that was spare is a code like any other when it is taken into management.
  for (const { access_code_id } of theirs.access_codes) {
    await api.ask('/access_codes/unmanaged/convert_to_managed', { access_code_id });
    expect(await listed(lock)).toContain(access_code_id);
  }
});

it('is filled in the end on a lock that fails, and works where the code does not', async () => {
  const { api, locks } = world;
  const lock = await locks.add({ faults: { fail: 'LOCK_JAMMED' } });
  const troubled = await guest(lock, '4821');
  await api.advance(10 * MINUTE);
  expect((await api.get(troubled.access_code_id)).is_backup_access_code_available).toBe(false);
  await locks.faults(lock, { fail: null });
  await api.advance(11 * MINUTE);
  expect((await api.get(troubled.access_code_id)).is_backup_access_code_available).toBe(true);
  await api.ask('/access_codes/update', { access_code_id: troubled.access_code_id, code: '9999' });
  await locks.faults(lock, { offline: true });
  const { backup_access_code } = await pull(troubled.access_code_id);
  expect(await locks.opens(lock, backup_access_code.code!)).toBe(true);
  await locks.faults(lock, { offline: false });
  await api.advance(11 * MINUTE);
  expect(await api.status(backup_access_code.access_code_id)).toBe('set');
});

it('puts a code of the pool back that somebody erased', async () => {
  const { api, locks } = world;
  const lock = await locks.add();
  const { access_code_id } = await guest(lock, '4821', { ends_at: (await api.now()) + 30 * DAY });
  await api.advance(MINUTE);
  for (const held of await locks.codes(lock)) await locks.eraseByHand(lock, held);
  await api.advance(2 * DAY);
  expect(await locks.codes(lock)).toHaveLength(3);
  expect((await api.get(access_code_id)).is_backup_access_code_available).toBe(true);
});

it('leaves most of a small lock to codes that are in use', async () => {
  const { api, locks } = world;
  const small = await locks.add({ max_active_codes: 5 });
  await guest(small, '4821');
  await api.advance(MINUTE);
  expect(await locks.codes(small)).toHaveLength(2);
  const tiny = await locks.add({ max_active_codes: 3 });
  const refused = await api.call('/access_codes/create', {
    device_id: tiny.deviceId,
    starts_at: '2099-01-01T00:00:00Z',
    ends_at: '2099-01-02T00:00:00Z',
    use_backup_access_code_pool: true,
  });
  expect(refused.body.error?.validation_errors).toHaveProperty('use_backup_access_code_pool');
  const supports = async ({ deviceId }: LockAndDevice) =>
    (await api.devices()).find(({ device_id }) => device_id === deviceId)!.properties
      .supports_backup_access_code_pool;
  expect([await supports(small), await supports(tiny)]).toEqual([true, false]);
});

it('is for codes that end', async () => {
  const { api, locks } = world;
  const lock = await locks.add();
  const pool = { use_backup_access_code_pool: true };
  const ongoing = await api.call('/access_codes/create', { device_id: lock.deviceId, ...pool });
  expect([ongoing.status, ongoing.body.error?.type]).toEqual([400, 'invalid_input']);
  const { access_code_id } = await api.create({ device_id: lock.deviceId, code: '4821' });
  expect((await api.call(PULL, { access_code_id })).body.error?.type).toBe('access_code_not_time_bound');
  expect((await api.call(PULL, { access_code_id: crypto.randomUUID() })).status).toBe(404);
  const now = await api.now();
  // A code that comes to have an end may ask for it then.
  await api.update(access_code_id, { starts_at: now, ends_at: now + DAY, ...pool });
  await api.advance(MINUTE);
  expect((await api.get(access_code_id)).is_backup_access_code_available).toBe(true);
});
