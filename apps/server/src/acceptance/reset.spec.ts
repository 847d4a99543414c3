import type { SeamDevice } from '@latchkey/devices';
import { MINUTE, seamSchema } from '@latchkey/platform';
import { sdkNames, Sdks } from '../http/testing/sdk';
import { connectAccount } from '../testing/connect-account';
import { useServer } from '../testing/use-server';

type Body = Record<string, unknown>;

const world = useServer();
let sdks: Sdks;
beforeAll(() => {
  sdks = Sdks.start(world.api.url, world.api.key);
  world.beforeStop(() => sdks.stop());
});

const NAMES = ['Front Door', 'Garage', 'Office', 'Barn'];
const names = (devices: SeamDevice[]) => devices.map(({ display_name }) => display_name).sort();
const listed = async (path: string) =>
  (await world.api.ask<Record<string, unknown[]>>(path))[path.split('/')[1]!]!;

describe('a sandbox that is reset', () => {
  it('is as it was at its beginning: its locks are there, with nothing on them', async () => {
    const { api, locks } = world;
    const before = await api.devices();
    const front = await locks.named('Front Door');
    await api.ask('/devices/update', { device_id: front.deviceId, name: 'Lobby' });
    await locks.add();
    await connectAccount(api, { wait_for_device_creation: true });
    const { webhook } = await api.ask<{ webhook: Body }>('/webhooks/create', { url: 'http://127.0.0.1:9/' });
    const code = await api.create({ device_id: front.deviceId, code: '917364' });
    await locks.putByHand(front, 'Neighbour', '552211');
    await api.advance(MINUTE);
    expect(await api.status(code.access_code_id)).toBe('set');

    const reading = await api.ask<{ clock: Body }>('/sandbox/clock/get');
    const { action_attempt, clock } = await api.ask<{ action_attempt: Body; clock: Body }>(
      '/workspaces/reset_sandbox',
    );
    // Every workspace lives by it.
    expect(Date.parse(clock.now as string)).toBeGreaterThanOrEqual(Date.parse(reading.clock.now as string));
    expect(action_attempt).toMatchObject({ action_type: 'RESET_SANDBOX_WORKSPACE', status: 'success' });
    expect((await seamSchema('action_attempt'))(action_attempt)).toEqual([]);
    const { action_attempt_id } = action_attempt;
    expect(await api.ask('/action_attempts/get', { action_attempt_id })).toMatchObject({ action_attempt });

    const after = await api.devices();
    expect(names(after)).toEqual([...NAMES].sort());
    const ids = (devices: SeamDevice[]) => devices.map(({ device_id }) => device_id);
    expect(ids(after).filter((id) => ids(before).includes(id))).toEqual([]);
    expect(await listed('/access_codes/list')).toEqual([]);
    expect(await api.status(code.access_code_id)).toBe(404);
    expect(await listed('/connected_accounts/list')).toHaveLength(1);
    expect(await listed('/connect_webviews/list')).toEqual([]);
    expect(await listed('/webhooks/list')).toMatchObject([{ webhook_id: webhook.webhook_id }]);
    for (const name of NAMES) expect(await locks.codes(await locks.named(name))).toEqual([]);
    // The PIN that its code had can be read nowhere any more; what happened can.
    const { events } = await api.ask<{ events: Body[] }>('/events/list', { since: '2000-01-01T00:00:00Z' });
    expect(JSON.stringify(events)).not.toContain('917364');
    const types = new Set(events.map(({ event_type }) => event_type));
    for (const type of ['connected_account.deleted', 'device.deleted', 'access_code.deleted'])
      expect(types).toContain(type);
  }, 60_000);

  it('works as before, and may be reset again', async () => {
    const { api, locks } = world;
    await api.ask('/workspaces/reset_sandbox');
    const front = await locks.named('Front Door');
    const code = await api.create({ device_id: front.deviceId, code: '917364' });
    await api.advance(MINUTE);
    expect(await api.status(code.access_code_id)).toBe('set');
    expect(await locks.opens(front, '917364')).toBe(true);
    await api.settle();
    const { events } = await api.ask<{ events: Body[] }>('/events/list', {
      device_id: front.deviceId,
      event_type: 'lock.unlocked',
      since: '2000-01-01T00:00:00Z',
    });
    expect(events).toMatchObject([{ access_code_id: code.access_code_id }]);
  });

  it('gets its own account back, though that had been deleted', async () => {
    const { api } = world;
    const [{ connected_account_id }] = (await listed('/connected_accounts/list')) as [Body];
    await api.ask('/connected_accounts/delete', { connected_account_id });
    expect(await api.devices()).toEqual([]);
    await api.ask('/workspaces/reset_sandbox');
    expect(names(await api.devices())).toEqual([...NAMES].sort());
  });

  it.each(sdkNames)('is reset by %s', async (sdk) => {
    const attempt = await sdks.call<Body>(sdk, 'workspaces.resetSandbox');
    expect(attempt).toMatchObject({ action_type: 'RESET_SANDBOX_WORKSPACE', status: 'success' });
    expect(await world.api.devices()).toHaveLength(4);
  });
});
