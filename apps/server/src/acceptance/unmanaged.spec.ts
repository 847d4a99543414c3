import type { SeamAccessCode, SeamUnmanagedAccessCode } from '@latchkey/access-codes';
import { DAY, HOUR, MINUTE, pinsIn, seamSchema, SECOND } from '@latchkey/platform';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

const world = useServer();

const UNMANAGED = '/access_codes/unmanaged';

async function unmanagedOn(lock: LockAndDevice): Promise<SeamUnmanagedAccessCode[]> {
  const answer = await world.api.ask<{ access_codes: SeamUnmanagedAccessCode[] }>(`${UNMANAGED}/list`, {
    device_id: lock.deviceId,
  });
  return answer.access_codes;
}

async function simulated(lock: LockAndDevice, name: string, code: string): Promise<SeamUnmanagedAccessCode> {
  const answer = await world.api.ask<{ access_code: SeamUnmanagedAccessCode }>(
    '/access_codes/simulate/create_unmanaged_access_code',
    { device_id: lock.deviceId, name, code },
  );
  return answer.access_code;
}

async function getUnmanaged(by: object): Promise<SeamUnmanagedAccessCode> {
  const answer = await world.api.ask<{ access_code: SeamUnmanagedAccessCode }>(`${UNMANAGED}/get`, by);
  return answer.access_code;
}

const managedOn = async (lock: LockAndDevice): Promise<SeamAccessCode[]> =>
  (
    await world.api.ask<{ access_codes: SeamAccessCode[] }>('/access_codes/list', {
      device_id: lock.deviceId,
    })
  ).access_codes;

/** Within a day every lock is read back, even if its maker tells nothing. */
const foundOut = () => world.api.advance(DAY);

describe('a code that somebody else put on a lock', () => {
  it('is seen, changes and goes as it does on the lock, and each is told once', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.putByHand(lock, 'Owner', '4821');
    expect(await unmanagedOn(lock)).toEqual([]);
    await foundOut();
    const [seen] = await unmanagedOn(lock);
    expect(seen).toMatchObject({
      device_id: lock.deviceId,
      name: 'Owner',
      code: '4821',
      type: 'ongoing',
      status: 'set',
      is_managed: false,
      errors: [],
      warnings: [],
    });
    expect((await seamSchema('unmanaged_access_code'))(seen)).toEqual([]);
    const { access_code_id } = seen!;
    expect(await getUnmanaged({ access_code_id })).toEqual(seen);
    expect(await getUnmanaged({ device_id: lock.deviceId, code: '4821' })).toEqual(seen);
    expect(await api.status(access_code_id)).toBe(404);
    expect(await managedOn(lock)).toEqual([]);

    const [held] = await locks.codes(lock);
    await locks.changeByHand(lock, held!, { name: 'Mum', code: '7350' });
    await foundOut();
    expect(await unmanagedOn(lock)).toMatchObject([{ access_code_id, name: 'Mum', code: '7350' }]);

    await locks.eraseByHand(lock, held!);
    await foundOut();
    expect(await unmanagedOn(lock)).toEqual([]);
    expect((await api.call(`${UNMANAGED}/get`, { access_code_id })).status).toBe(404);
    await foundOut();
    expect(await api.eventTypes(access_code_id)).toEqual([
      'access_code.unmanaged.created',
      'access_code.unmanaged.removed',
    ]);
    const story = JSON.stringify(await world.story(access_code_id));
    expect(pinsIn(story, '4821', '7350')).toEqual([]);
    for (const event of await api.events(access_code_id)) {
      expect((await seamSchema('event'))(event)).toEqual([]);
    }
  });

  it('keeps a window that its lock keeps', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const window = {
      starts_at: new Date(now + HOUR).toISOString(),
      ends_at: new Date(now + 5 * DAY).toISOString(),
    };
    await locks.send('POST', `/simulator/locks/${lock.lockId}/codes`, {
      name: 'Stay',
      code: '4821',
      ...window,
    });
    await foundOut();
    expect(await unmanagedOn(lock)).toMatchObject([{ type: 'time_bound', ...window }]);
  });

  it('is found among others by name, PIN and id, page after page', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const made = [];
    for (const code of ['1111', '2222', '3333']) made.push(await simulated(lock, `Key ${code}`, code));
    const device_id = lock.deviceId;
    const ids = async (params: object) =>
      (
        await api.ask<{ access_codes: SeamUnmanagedAccessCode[] }>(`${UNMANAGED}/list`, {
          device_id,
          ...params,
        })
      ).access_codes.map((code) => code.access_code_id);
    const [one, two, three] = made.map(({ access_code_id }) => access_code_id);
    expect(await ids({ search: 'key 2' })).toEqual([two]);
    expect(await ids({ search: '3333' })).toEqual([three]);
    expect(await ids({ search: one!.slice(0, 18) })).toEqual([one]);
    const first = await api.ask<{ pagination: { next_page_cursor: string } }>(`${UNMANAGED}/list`, {
      device_id,
      limit: 2,
    });
    expect(await ids({ limit: 2, page_cursor: first.pagination.next_page_cursor })).toEqual([three]);
  });

  it('is one that was on the lock before it was connected, too', async () => {
    const { api, locks } = world;
    await locks.send('POST', '/simulator/locks', { name: 'Found furnished', native_scheduling: true });
    const { locks: all } = await locks.send<{ locks: { lock_id: string; name: string }[] }>(
      'GET',
      '/simulator/locks',
    );
    const { lock_id: lockId } = all.find(({ name }) => name === 'Found furnished')!;
    await locks.send('POST', `/simulator/locks/${lockId}/codes`, { name: 'Old', code: '4821' });
    await api.settle();
    const lock = { lockId, deviceId: await api.deviceNamed('Found furnished') };
    await foundOut();
    expect(await unmanagedOn(lock)).toMatchObject([{ name: 'Old', code: '4821' }]);
  });

  it('is never one of ours, however they come and go', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ faults: { latency_ms: 4000, lose_answers: 1 } });
    const ours = await api.create({ device_id: lock.deviceId, name: 'Guest', code: '4821' });
    await locks.putByHand(lock, 'Owner', '9753');
    // Read back at once, while our own creation has had no answer, and again and again.
    for (let minute = 0; minute < 4; minute++) {
      await simulated(lock, `Key ${minute}`, `100${minute}`);
      expect((await unmanagedOn(lock)).map(({ code }) => code)).not.toContain('4821');
      await api.advance(MINUTE);
    }
    expect(await api.status(ours.access_code_id)).toBe('set');
    await api.delete(ours.access_code_id);
    await api.advance(MINUTE);
    await foundOut();
    expect(await api.status(ours.access_code_id)).toBe(404);
    expect((await unmanagedOn(lock)).map(({ code }) => code).sort()).toEqual([
      '1000',
      '1001',
      '1002',
      '1003',
      '9753',
    ]);
  });
});

describe.each([true, false])('its PIN (native scheduling: %s)', (native_scheduling) => {
  it('is not written over: a code of ours waits, says why, and is set when it has gone', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ native_scheduling });
    const { access_code_id: theirs } = await simulated(lock, 'Owner', '4821');
    const ours = await api.create({ device_id: lock.deviceId, name: 'Guest', code: '4821' });
    await api.advance(10 * MINUTE);
    const waiting = await api.get(ours.access_code_id);
    expect(waiting.status).toBe('setting');
    expect(waiting.errors).toMatchObject([
      { error_code: 'duplicate_code_on_device', unmanaged_access_code_id: theirs },
    ]);
    expect((await seamSchema('access_code'))(waiting)).toEqual([]);
    expect(await world.types(ours.access_code_id)).not.toContain('ProgrammingStarted');

    const [held] = await locks.codes(lock);
    await locks.eraseByHand(lock, held!);
    await foundOut();
    expect(await api.get(ours.access_code_id)).toMatchObject({ status: 'set', errors: [] });
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Guest', code: '4821' }]);
  });

  it('is not drawn', async () => {
    const { api, locks } = world;
    // All PINs of one digit set but a few: every draw has to step around those that are taken.
    const lock = await locks.add({
      native_scheduling,
      supported_code_lengths: [4],
      code_constraints: [{ constraint_type: 'cannot_contain_0789' }],
      max_active_codes: 2000,
    });
    const taken = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const { generated_code } = await api.ask<{ generated_code: { code: string } }>(
        '/access_codes/generate_code',
        { device_id: lock.deviceId },
      );
      expect(taken).not.toContain(generated_code.code);
      taken.add(generated_code.code);
      await simulated(lock, `Key ${n}`, generated_code.code);
    }
    const drawn = await api.create({ device_id: lock.deviceId });
    expect(taken).not.toContain(drawn.code);
  });
});

describe('converting it', () => {
  it.each(['convert_to_managed', 'update'])('makes it ours as it is (%s)', async (how) => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id } = await simulated(lock, 'Owner', '4821');
    await api.ask(`${UNMANAGED}/${how}`, {
      access_code_id,
      is_external_modification_allowed: true,
      ...(how === 'update' ? { is_managed: true } : { force: false }),
    });
    const managed = await api.get(access_code_id);
    expect(managed).toMatchObject({
      name: 'Owner',
      code: '4821',
      status: 'set',
      type: 'ongoing',
      is_managed: true,
      is_external_modification_allowed: true,
      errors: [],
      pending_mutations: [],
    });
    expect(await unmanagedOn(lock)).toEqual([]);
    expect((await managedOn(lock)).map((code) => code.access_code_id)).toEqual([access_code_id]);
    expect((await api.call(`${UNMANAGED}/get`, { access_code_id })).status).toBe(404);
    expect((await api.call(`${UNMANAGED}/${how}`, { access_code_id, is_managed: true })).status).toBe(
      how === 'update' ? 404 : 400,
    );
    // The lock heard nothing of it.
    await foundOut();
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Owner', code: '4821' }]);
    expect(await world.types(access_code_id)).toEqual(['UnmanagedCodeSeen', 'TakenIntoManagement']);
    // Its PIN is one of ours now.
    expect((await api.call('/access_codes/create', { device_id: lock.deviceId, code: '4821' })).status).toBe(
      409,
    );

    await api.update(access_code_id, { name: 'Guest', code: '7350' });
    await api.advance(MINUTE);
    expect(await api.get(access_code_id)).toMatchObject({ status: 'set', name: 'Guest', code: '7350' });
    expect([await locks.opens(lock, '7350'), await locks.opens(lock, '4821')]).toEqual([true, false]);
    await api.delete(access_code_id);
    await api.advance(MINUTE);
    expect(await api.status(access_code_id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
    const types = await api.eventTypes(access_code_id);
    expect(types.slice(0, 2)).toEqual([
      'access_code.unmanaged.created',
      'access_code.unmanaged.converted_to_managed',
    ]);
    expect(types.slice(-2)).toEqual(['access_code.removed_from_device', 'access_code.deleted']);
    expect(types).not.toContain('access_code.unmanaged.removed');
  });

  it('keeps its window, and ends it', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const starts_at = new Date(now + 2 * DAY).toISOString();
    const ends_at = new Date(now + 3 * DAY).toISOString();
    await locks.send('POST', `/simulator/locks/${lock.lockId}/codes`, {
      ...{ name: 'Stay', code: '4821', starts_at, ends_at },
    });
    await foundOut();
    const [{ access_code_id } = { access_code_id: '' }] = await unmanagedOn(lock);
    await api.ask(`${UNMANAGED}/convert_to_managed`, { access_code_id });
    expect(await api.get(access_code_id)).toMatchObject({ status: 'unset', starts_at, ends_at, errors: [] });
    await api.advanceTo(Date.parse(starts_at));
    expect(await api.status(access_code_id)).toBe('set');
    expect(await locks.opens(lock, '4821')).toBe(true);
    await api.advanceTo(Date.parse(ends_at) + MINUTE);
    expect(await api.status(access_code_id)).toBe(404);
    expect(await locks.codes(lock)).toEqual([]);
  });

  it('fails, and is told to have failed once, while a code of ours has its PIN', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id } = await simulated(lock, 'Owner', '4821');
    const ours = await api.create({ device_id: lock.deviceId, name: 'Guest', code: '4821' });
    for (let time = 0; time < 2; time++) {
      const { status, body } = await api.call(`${UNMANAGED}/convert_to_managed`, { access_code_id });
      expect([status, body.error?.type]).toEqual([409, 'duplicate_access_code']);
    }
    const refused = await getUnmanaged({ access_code_id });
    expect(refused.errors).toMatchObject([
      { error_code: 'duplicate_code_on_device', managed_access_code_id: ours.access_code_id },
    ]);
    expect((await seamSchema('unmanaged_access_code'))(refused)).toEqual([]);
    const failed = (await api.events(access_code_id)).filter(
      ({ event_type }) => event_type === 'access_code.unmanaged.failed_to_convert_to_managed',
    );
    expect(failed).toMatchObject([{ access_code_errors: [{ error_code: 'duplicate_code_on_device' }] }]);
    expect((await seamSchema('event'))(failed[0])).toEqual([]);

    await api.delete(ours.access_code_id);
    await api.advance(MINUTE);
    await api.ask(`${UNMANAGED}/convert_to_managed`, { access_code_id });
    expect(await api.get(access_code_id)).toMatchObject({ status: 'set', errors: [] });
  });

  it('leaves it where it is not asked to', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id } = await simulated(lock, 'Owner', '4821');
    await api.ask(`${UNMANAGED}/update`, { access_code_id, is_managed: false });
    expect(await getUnmanaged({ access_code_id })).toMatchObject({ is_managed: false });
    expect(await world.types(access_code_id)).toEqual(['UnmanagedCodeSeen']);
  });
});

describe('deleting it', () => {
  it('takes it off the lock, however often that fails, and shows it until it is gone', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { access_code_id } = await simulated(lock, 'Owner', '4821');
    await locks.faults(lock, { refuse: 'DEVICE_BUSY' });
    const { action_attempt } = await api.ask<{ action_attempt: { action_attempt_id: string } }>(
      `${UNMANAGED}/delete`,
      { access_code_id },
    );
    await api.ask('/action_attempts/get', { action_attempt_id: action_attempt.action_attempt_id });
    await api.advance(10 * MINUTE);
    const going = await getUnmanaged({ access_code_id });
    expect(going.warnings.map(({ warning_code }) => warning_code)).toContain('being_deleted');
    expect(going.errors.map(({ error_code }) => error_code)).toContain('failed_to_remove_from_device');
    expect((await seamSchema('unmanaged_access_code'))(going)).toEqual([]);
    expect((await api.call(`${UNMANAGED}/convert_to_managed`, { access_code_id })).body.error?.type).toBe(
      'access_code_being_removed',
    );
    expect(await api.status(access_code_id)).toBe(404);

    await locks.faults(lock, { refuse: null });
    await api.advance(11 * MINUTE);
    expect(await locks.codes(lock)).toEqual([]);
    expect(await unmanagedOn(lock)).toEqual([]);
    expect((await api.call(`${UNMANAGED}/delete`, { access_code_id })).status).toBe(404);
    const types = await api.eventTypes(access_code_id);
    expect(types.filter((type) => type.startsWith('access_code.unmanaged'))).toEqual([
      'access_code.unmanaged.created',
      'access_code.unmanaged.removed',
    ]);
    expect(types).not.toContain('access_code.deleted');
    // Put there again, it is another code.
    expect((await simulated(lock, 'Owner', '4821')).access_code_id).not.toBe(access_code_id);
  });
});

describe('letting go of a code of ours', () => {
  it('leaves it on the lock, with its id, for others to look after', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const window = { starts_at: now - HOUR, ends_at: now + 5 * HOUR };
    const { access_code_id } = await api.create({
      ...{ device_id: lock.deviceId, name: 'Guest', code: '4821' },
      ...window,
    });
    expect(
      (await api.call('/access_codes/update', { access_code_id, is_managed: false })).body.error?.type,
    ).toBe('access_code_not_set_on_device');
    await api.advance(5 * SECOND);
    const both = await api.call('/access_codes/update', { access_code_id, is_managed: false, name: 'Other' });
    expect(both.status).toBe(400);
    await api.update(access_code_id, { is_managed: false });
    expect(await api.status(access_code_id)).toBe(404);
    expect(await unmanagedOn(lock)).toMatchObject([
      { access_code_id, name: 'Guest', code: '4821', type: 'time_bound', is_managed: false },
    ]);
    // Its PIN is no longer one of ours: another code may ask for it, and waits.
    const other = await api.create({ device_id: lock.deviceId, code: '4821', ...window });
    await foundOut();
    expect(await locks.codes(lock)).toMatchObject([{ name: 'Guest', code: '4821' }]);
    expect(await unmanagedOn(lock)).toMatchObject([{ access_code_id }]);
    expect(await api.status(other.access_code_id)).toBe(404);
    expect(await world.types(access_code_id)).not.toContain('RemovalStarted');

    await api.ask(`${UNMANAGED}/convert_to_managed`, { access_code_id });
    await api.advance(MINUTE);
    // Its time is over, so now it goes.
    expect(await locks.codes(lock)).toEqual([]);
    expect(await api.status(access_code_id)).toBe(404);
  });
});

describe('simulating it', () => {
  it('is refused as the lock refuses it', async () => {
    const { api, locks } = world;
    const lock = await locks.add({ supported_code_lengths: [6] });
    const path = '/access_codes/simulate/create_unmanaged_access_code';
    const at = { device_id: lock.deviceId, name: 'Owner' };
    expect((await api.call(path, { ...at, code: '4821' })).body.error?.type).toBe('invalid_input');
    await api.ask(path, { ...at, code: '482193' });
    expect((await api.call(path, { ...at, code: '482193' })).body.error?.type).toBe('duplicate_access_code');
    expect((await api.call(path, { ...at, code: '482195', device_id: crypto.randomUUID() })).status).toBe(
      404,
    );
    const devices = await api.devices();
    const { connected_account_id } = devices.find(({ device_id }) => device_id === lock.deviceId)!;
    await api.ask('/connected_accounts/simulate/disconnect', { connected_account_id });
    const unseen = await api.call(path, { ...at, code: '482195' });
    expect(unseen.body.error?.validation_errors).toHaveProperty('device_id');
    await api.ask('/connected_accounts/simulate/connect', { connected_account_id });
    expect(await locks.codes(lock)).toHaveLength(1);
  });
});
