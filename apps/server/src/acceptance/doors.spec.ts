import { HOUR, MINUTE, seamSchema } from '@latchkey/platform';
import { sdkNames, Sdks } from '../http/testing/sdk';
import type { LockAndDevice } from '../testing/keypads';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

/** What was told of a lock's door, oldest first. */
async function atDoor({ deviceId: device_id }: LockAndDevice): Promise<Body[]> {
  const event_types = ['lock.locked', 'lock.unlocked', 'lock.access_denied'];
  const { events } = await world.api.ask<{ events: Body[] }>('/events/list', {
    device_id,
    event_types,
    since: '2000-01-01T00:00:00Z',
  });
  const faults = await seamSchema('event');
  expect(events.flatMap((event) => faults(event))).toEqual([]);
  return events;
}
const told = async (lock: LockAndDevice) =>
  (await atDoor(lock)).map(({ event_type, method, access_code_id, action_attempt_id }) =>
    [event_type, method, access_code_id ?? action_attempt_id].filter((part) => part !== undefined),
  );

const enter = async ({ deviceId: device_id }: LockAndDevice, code: string) =>
  (await world.api.ask<{ action_attempt: Body }>('/locks/simulate/keypad_code_entry', { device_id, code }))
    .action_attempt;

async function setCode({ deviceId: device_id }: LockAndDevice, code: string, window: object = {}) {
  const { access_code_id } = await world.api.create({ device_id, code, ...window });
  await world.api.advance(MINUTE);
  return access_code_id;
}

describe('a code that is entered on a keypad', () => {
  it('is told of by its id where it opens, and as a denial where it does not, never by its digits', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const codeId = await setCode(lock, '583914');
    expect(await enter(lock, '583914')).toMatchObject({
      action_type: 'SIMULATE_KEYPAD_CODE_ENTRY',
      status: 'success',
    });
    expect(await told(lock)).toEqual([['lock.unlocked', 'keycode', codeId]]);
    await enter(lock, '583915');
    expect((await told(lock))[1]).toEqual(['lock.access_denied']);
    await api.settle();
    // The lock maker's own reports of the same tell nothing twice.
    expect(await told(lock)).toHaveLength(2);
    expect((await atDoor(lock))[0]).toMatchObject({ access_code_is_managed: true });
    for (const pin of ['583914', '583915']) expect(JSON.stringify(await atDoor(lock))).not.toContain(pin);
  });

  it('opens in its window only, as the lock has it', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const now = await api.now();
    const codeId = await setCode(lock, '7391', { starts_at: now + HOUR, ends_at: now + 2 * HOUR });
    await enter(lock, '7391');
    await api.advance(HOUR);
    await enter(lock, '7391');
    await api.advance(HOUR);
    await enter(lock, '7391');
    expect(await told(lock)).toEqual([
      ['lock.access_denied'],
      ['lock.unlocked', 'keycode', codeId],
      ['lock.access_denied'],
    ]);
  });

  it('by anybody who stands at the door, is told of too; twice where it was entered twice', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const codeId = await setCode(lock, '64028');
    await locks.opens(lock, '64028');
    await locks.opens(lock, '64028');
    await locks.opens(lock, '64029');
    await locks.putByHand(lock, 'Neighbour', '91827');
    await locks.opens(lock, '91827');
    await api.settle();
    expect(await told(lock)).toEqual([
      ['lock.unlocked', 'keycode', codeId],
      ['lock.unlocked', 'keycode', codeId],
      ['lock.access_denied'],
      expect.arrayContaining(['lock.unlocked', 'keycode']) as string[],
    ]);
  });

  it('is told of to nobody while the lock is offline', async () => {
    const { locks } = world;
    const lock = await locks.add();
    await setCode(lock, '58203');
    await locks.faults(lock, { offline: true });
    expect(await enter(lock, '58203')).toMatchObject({ status: 'success' });
    await locks.faults(lock, { offline: false });
    expect(await told(lock)).toEqual([]);
  });
});

describe('a door that is locked or unlocked', () => {
  it('from here is told of with the attempt that did it', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const device_id = lock.deviceId;
    const unlocking = await api.ask<{ action_attempt: Body }>('/locks/unlock_door', { device_id });
    await api.advance(MINUTE);
    const locking = await api.ask<{ action_attempt: Body }>('/locks/lock_door', { device_id });
    await api.advance(MINUTE);
    expect(await told(lock)).toEqual([
      ['lock.unlocked', 'remote', unlocking.action_attempt.action_attempt_id],
      ['lock.locked', 'remote', locking.action_attempt.action_attempt_id],
    ]);
    const { events } = await api.ask<{ events: Body[] }>('/events/list', {
      event_types: ['action_attempt.unlock_door.succeeded', 'action_attempt.lock_door.succeeded'],
      since: '2000-01-01T00:00:00Z',
    });
    expect(events.map(({ action_attempt_id }) => action_attempt_id)).toEqual([
      unlocking.action_attempt.action_attempt_id,
      locking.action_attempt.action_attempt_id,
    ]);
    const faults = await seamSchema('event');
    expect(events.flatMap((event) => faults(event))).toEqual([]);
  });

  it('without success is reported as a failed attempt only', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    await locks.faults(lock, { fail: 'LOCK_JAMMED' });
    const { action_attempt } = await api.ask<{ action_attempt: Body }>('/locks/lock_door', {
      device_id: lock.deviceId,
    });
    await api.advance(MINUTE);
    expect(await told(lock)).toEqual([]);
    const { events } = await api.ask<{ events: Body[] }>('/events/list', {
      event_type: 'action_attempt.lock_door.failed',
      since: '2000-01-01T00:00:00Z',
    });
    expect(events).toMatchObject([{ action_attempt_id: action_attempt.action_attempt_id, status: 'error' }]);
  });

  it('by hand is told of as that', async () => {
    const { api, locks } = world;
    const lock = await locks.add();
    const { action_attempt } = await api.ask<{ action_attempt: Body }>(
      '/locks/simulate/manual_lock_via_keypad',
      { device_id: lock.deviceId },
    );
    expect((await seamSchema('action_attempt'))(action_attempt)).toEqual([]);
    const isLocked = async () => {
      const device_id = lock.deviceId;
      return (await api.ask<{ device: { properties: Body } }>('/devices/get', { device_id })).device
        .properties.locked;
    };
    expect(await isLocked()).toBe(true);
    await locks.send('POST', `/simulator/locks/${lock.lockId}/turn`, { action: 'unlock' });
    await api.settle();
    expect(await isLocked()).toBe(false);
    expect(await told(lock)).toEqual([
      ['lock.locked', 'manual'],
      ['lock.unlocked', 'manual'],
    ]);
  });
});

test.each(sdkNames)('%s enters codes and locks by hand', async (sdk) => {
  const lock = await world.locks.add();
  await setCode(lock, '4829');
  const device_id = lock.deviceId;
  const entered = await sdks.call<Body>(sdk, 'locks.simulate.keypadCodeEntry', { device_id, code: '4829' });
  expect(entered).toMatchObject({ status: 'success' });
  const locked = await sdks.call<Body>(sdk, 'locks.simulate.manualLockViaKeypad', { device_id });
  expect(locked).toMatchObject({ status: 'success' });
  expect((await told(lock)).map(([type]) => type)).toEqual(['lock.unlocked', 'lock.locked']);
});
