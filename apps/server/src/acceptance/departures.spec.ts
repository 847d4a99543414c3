import { HOUR, MINUTE } from '@latchkey/platform';
import { removeAccount } from '@latchkey/devices';
import { compile, type Compiled } from '../testing/compiled';
import { ownSettings, ServerProcess } from '../testing/server-process';
import { World } from '../testing/world';

describe('a server that dies in the middle of letting an account go', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  it('lets its devices and codes go when it is back', async () => {
    const front = await world.deviceNamed('Front Door');
    const lock = await world.lockNamed('Front Door');
    const set = await world.create({ deviceId: front, code: '482193' });
    const later = await world.create({
      deviceId: front,
      code: '482194',
      startsAt: world.now + 200 * HOUR,
      endsAt: world.now + 201 * HOUR,
    });
    await world.advance(MINUTE);
    const { accountId, workspaceId } = world;
    const cause = {
      correlationId: 'request',
      causationId: 'request',
      actor: { type: 'api_key' as const },
      workspaceId,
    };
    // Written down, and then nothing more: as if it had died there.
    await world.core.streams.accounts.transact(accountId, cause, removeAccount);
    await world.restart();
    await world.settle();
    await world.again();

    for (const codeId of [set, later]) {
      const story = await world.story(codeId);
      expect(story.slice(-2)).toEqual(['RemovalStarted', 'Removed']);
      expect(story.filter((type) => type === 'Removed')).toHaveLength(1);
    }
    const { state: device } = await world.core.streams.devices.load(front);
    expect(device?.deletedAt).toBe(world.now);
    expect(await world.core.streams.reservations(front)).toEqual([]);
    expect(await world.opens(lock, '482193')).toBe(true);
    const types = (await world.allEvents()).filter((event) => event.endsWith('DeviceDeleted'));
    expect(types).toHaveLength(4);
  });

  it('lets a device go that was deleted before its codes were', async () => {
    const front = await world.deviceNamed('Front Door');
    const codeId = await world.create({ deviceId: front, code: '482193' });
    await world.advance(MINUTE);
    const { workspaceId } = world;
    const system = { type: 'system' as const };
    const cause = { correlationId: 'request', causationId: 'request', actor: system, workspaceId };
    await world.core.streams.devices.transact(front, cause, () => [
      { type: 'DeviceDeleted', data: { intake: 1 } },
    ]);
    await world.restart();
    await world.settle();
    expect((await world.story(codeId)).slice(-2)).toEqual(['RemovalStarted', 'Removed']);
  });

  it('dies while a code is being put on a device that is not managed any more, and lets that go as well', async () => {
    const front = await world.deviceNamed('Front Door');
    world.crashAtNextCall('after');
    const codeId = await world.create({ deviceId: front, code: '482193' });
    const { workspaceId } = world;
    const system = { type: 'system' as const };
    const cause = { correlationId: 'request', causationId: 'request', actor: system, workspaceId };
    await world.core.departures.updateDevice(front, { managed: false }, cause);
    await world.advance(10 * MINUTE);
    expect(await world.story(codeId)).toContain('LetGo');
    expect(await world.opens(await world.lockNamed('Front Door'), '482193')).toBe(true);
  });
});

describe('a sandbox that dies while it is reset', () => {
  let compiled: Compiled;
  let settings: Awaited<ReturnType<typeof ownSettings>>;
  beforeAll(async () => {
    compiled = compile();
    settings = await ownSettings();
  }, 120_000);
  afterAll(() => {
    compiled.remove();
    settings.remove();
  });

  it('is found reset at the next start, wherever it died', async () => {
    for (const after of [0, 30, 120]) {
      const first = await ServerProcess.start(compiled, settings.env);
      const front = await first.locks.named('Front Door');
      const code = await first.api.create({ device_id: front.deviceId, code: '482193' });
      await first.api.advance(MINUTE);
      const reset = first.api.call('/workspaces/reset_sandbox').then(
        () => 'answered',
        () => 'died',
      );
      // Real time: a process is killed at any point of its work.
      await new Promise((resolve) => setTimeout(resolve, after));
      await first.end('SIGKILL');
      await reset;

      const second = await ServerProcess.start(compiled, settings.env);
      const devices = await second.api.devices();
      expect(devices.map(({ display_name }) => display_name).sort()).toEqual([
        'Barn',
        'Front Door',
        'Garage',
        'Office',
      ]);
      // It died before the reset was taken up, or it was reset.
      const kept = devices.some(({ device_id }) => device_id === front.deviceId);
      expect(await second.api.status(code.access_code_id)).toBe(kept ? 'set' : 404);
      const again = await second.locks.named('Front Door');
      expect(await second.locks.opens(again, '482193')).toBe(kept);
      if (kept) await second.api.ask('/workspaces/reset_sandbox');
      await second.end('SIGKILL');
    }
  }, 180_000);
});
