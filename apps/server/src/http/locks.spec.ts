import { randomUUID } from 'node:crypto';
import { useServer } from '../testing/use-server';
import { sdkNames, Sdks } from './testing/sdk';

interface Attempt {
  action_attempt_id: string;
  status: string;
  error: { type: string } | null;
}

const world = useServer();
let sdks: Sdks;
let doors: Record<string, string>;
beforeAll(async () => {
  sdks = Sdks.start(world.server.url, world.server.sandbox!.apiKey);
  world.beforeStop(() => sdks.stop());
  const { devices } = await world.api.ask<{ devices: { device_id: string; display_name: string }[] }>(
    '/devices/list',
  );
  doors = Object.fromEntries(devices.map(({ display_name, device_id }) => [display_name, device_id]));
});

async function attempt(path: string, device_id: string): Promise<Attempt> {
  return (await world.api.ask<{ action_attempt: Attempt }>(path, { device_id })).action_attempt;
}

test.each(sdkNames)('%s lists locks and reads one', async (sdk) => {
  const locks = await sdks.call<{ device_id: string }[]>(sdk, 'locks.list');
  expect(locks.map(({ device_id }) => device_id).sort()).toEqual(Object.values(doors).sort());
  const lock = await sdks.call(sdk, 'locks.get', { device_id: doors['Front Door'] });
  expect(lock).toMatchObject({ display_name: 'Front Door' });
});

test.each(sdkNames)('a door is unlocked once the lock says so; %s sees it', async (sdk) => {
  const asked = await attempt('/locks/unlock_door', doors['Front Door']!);
  expect(asked).toMatchObject({ action_type: 'UNLOCK_DOOR', status: 'pending', result: null, error: null });
  await world.api.ask('/sandbox/clock/advance', { by: 'PT30S' });
  const { action_attempt_id } = asked;
  expect(await sdks.call(sdk, 'actionAttempts.get', { action_attempt_id })).toMatchObject({
    status: 'success',
    result: { was_confirmed_by_device: true },
    error: null,
  });
  const listed = await sdks.call<Attempt[]>(sdk, 'actionAttempts.list', {
    action_attempt_ids: [action_attempt_id, randomUUID()],
  });
  expect(listed).toMatchObject([{ action_attempt_id, status: 'success' }]);
});

test('a lock that is offline tells why not', async () => {
  const device_id = doors.Garage!;
  await world.api.ask('/devices/simulate/disconnect', { device_id });
  const { status, error } = await attempt('/locks/lock_door', device_id);
  expect({ status, type: error?.type }).toEqual({ status: 'error', type: 'device_offline' });
});

test('a lock that does not answer has failed when its time is over', async () => {
  const device_id = doors.Office!;
  await world.locks.faults(await world.locks.named('Office'), { latency_ms: 600_000 });
  const { action_attempt_id } = await attempt('/locks/lock_door', device_id);
  await world.api.ask('/sandbox/clock/advance', { by: 'PT2M' });
  const { action_attempt } = await world.api.ask<{ action_attempt: Attempt }>('/action_attempts/get', {
    action_attempt_id,
  });
  expect(action_attempt).toMatchObject({ status: 'error', error: { type: 'timed_out' } });
});

test.each(['/locks/lock_door', '/locks/get'])('%s knows no foreign device', async (path) => {
  expect(await world.api.call(path, { device_id: randomUUID() })).toMatchObject({
    status: 404,
    body: { error: { type: 'device_not_found' } },
  });
});
