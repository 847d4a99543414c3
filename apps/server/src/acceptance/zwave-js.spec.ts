import { HOUR, MINUTE, pinsIn, until, type UntilOptions } from '@latchkey/platform';
import { ZwaveWorld } from './testing/zwave-world';

const ZONE = 'Europe/Vienna';
const SCHEDULING = 2;
const SMALL = 3;
const within = (what: string): UntilOptions => ({ what, within: 30_000, every: 100 });

describe('Z-Wave locks behind a Z-Wave JS server, with the real driver', () => {
  let world: ZwaveWorld;
  /** Every PIN that was ever used here: none of them may be logged. */
  const pins: string[] = [];
  const opens = (node: number, pin: string, at = Date.now()) => world.network.lock(node).opens(pin, at, ZONE);

  const create = async (node: number, pin: string, more: object = {}) => {
    pins.push(pin);
    const { device_id } = await world.device(node);
    return world.api.create({ device_id, code: pin, name: 'Guest', ...more });
  };
  const isSet = (codeId: string) =>
    until(async () => (await world.api.get(codeId)).status === 'set', within('the code is set'));

  beforeAll(async () => {
    world = await ZwaveWorld.start([
      { nodeId: SCHEDULING, users: 20, schedules: true },
      { nodeId: SMALL, users: 4 },
    ]);
  }, 180_000);

  afterAll(() => world.stop());

  it('are connected on the page, by an address that is tried first', async () => {
    const failed = await world.connect('ws://127.0.0.1:9');
    expect(failed.page).toContain('could not be reached');
    expect(failed.webview.login_successful).toBe(false);
    const { page, webview } = await world.connect(world.network.address);
    expect(page).toContain('Your locks are connected');
    expect(webview).toMatchObject({ login_successful: true, status: 'authorized' });
    const device = await world.device(SCHEDULING);
    expect(device.properties).toMatchObject({ online: true, max_active_codes_supported: 10 });
  }, 60_000);

  it('open to a code once it is set, tell of its use, and forget it once it is deleted', async () => {
    const code = await create(SMALL, '2580');
    await isSet(code.access_code_id);
    expect(await opens(SMALL, '2580')).toBe(true);
    await world.network.lock(SMALL).type('2580', Date.now(), ZONE);
    await until(async () => {
      const { events } = await world.api.ask<{ events: { event_type: string; access_code_id?: string }[] }>(
        '/events/list',
        { since: new Date(Date.now() - HOUR).toISOString(), event_type: 'lock.unlocked' },
      );
      return events.some(({ access_code_id }) => access_code_id === code.access_code_id);
    }, within('the use of the code is told'));
    await world.api.ask('/access_codes/delete', { access_code_id: code.access_code_id });
    await until(async () => !(await opens(SMALL, '2580')), within('the code is gone'));
  }, 60_000);

  it('tell that somebody has their cover off, and that they are stuck', async () => {
    const { device_id } = await world.device(SMALL);
    await world.network.lock(SMALL).notify(3, null, 7);
    await world.network.lock(SMALL).notify(11);
    const told = async (event_type: string) => {
      const since = new Date(Date.now() - HOUR).toISOString();
      const { events } = await world.api.ask<{ events: object[] }>('/events/list', { since, event_type });
      return events;
    };
    for (const event_type of ['device.tampered', 'lock.jammed']) {
      await until(async () => (await told(event_type)).length > 0, within(`${event_type} is told`));
      expect(await told(event_type)).toMatchObject([{ event_type, device_id }]);
    }
  }, 60_000);

  it('keep a time frame by themselves', async () => {
    const starts_at = Math.ceil(Date.now() / HOUR) * HOUR + HOUR;
    const ends_at = starts_at + 2 * HOUR;
    const code = await create(SCHEDULING, '1470', { starts_at, ends_at });
    await until(
      async () => (await world.api.get(code.access_code_id)).is_scheduled_on_device,
      within('the code is scheduled'),
    );
    expect(await opens(SCHEDULING, '1470')).toBe(false);
    expect(await opens(SCHEDULING, '1470', starts_at - MINUTE)).toBe(false);
    expect(await opens(SCHEDULING, '1470', starts_at)).toBe(true);
    expect(await opens(SCHEDULING, '1470', ends_at)).toBe(false);
  }, 60_000);

  it('are full when all places of ours are taken, say so, and take the next code once one has left', async () => {
    const [first, second] = [await create(SMALL, '3690'), await create(SMALL, '8520')];
    await isSet(first.access_code_id);
    await isSet(second.access_code_id);
    const third = await create(SMALL, '7410');
    await until(async () => {
      const { errors } = await world.api.get(third.access_code_id);
      return errors.some(({ error_code }) => error_code === 'no_space_for_access_code_on_device');
    }, within('the lock is reported as full'));
    // The lower half is somebody else's.
    expect(Object.keys(await world.network.lock(SMALL).codes())).toEqual(['3', '4']);
    await world.api.ask('/access_codes/delete', { access_code_id: first.access_code_id });
    await isSet(third.access_code_id);
    expect(Object.values(await world.network.lock(SMALL).codes()).sort()).toEqual(['7410', '8520']);
  }, 90_000);

  it('show what somebody put on them by hand, and leave it alone', async () => {
    pins.push('4567');
    await world.network.lock(SMALL).putByHand(1, '4567');
    const { device_id } = await world.device(SMALL);
    await until(async () => {
      const { access_codes } = await world.api.ask<{ access_codes: { code: string }[] }>(
        '/access_codes/unmanaged/list',
        { device_id },
      );
      return access_codes.some(({ code }) => code === '4567');
    }, within('the code is shown'));
    expect(await opens(SMALL, '4567')).toBe(true);
  }, 60_000);

  it('are set again after the hub was away, with nothing lost or doubled', async () => {
    const lock = world.network.lock(SCHEDULING);
    await world.network.stopServer();
    const code = await create(SCHEDULING, '9630');
    await world.network.startAgain();
    await isSet(code.access_code_id);
    expect(Object.values(await lock.codes()).filter((pin) => pin === '9630')).toHaveLength(1);
  }, 90_000);

  it('are turned by their doors’ own word', async () => {
    const { device_id } = await world.device(SMALL);
    const { action_attempt } = await world.api.ask<{ action_attempt: { action_attempt_id: string } }>(
      '/locks/lock_door',
      { device_id },
    );
    const attempt = await until(async () => {
      const { action_attempt: now } = await world.api.ask<{ action_attempt: { status: string } }>(
        '/action_attempts/get',
        { action_attempt_id: action_attempt.action_attempt_id },
      );
      return now.status !== 'pending' && now;
    }, within('the door is locked'));
    expect(attempt).toMatchObject({ status: 'success' });
  }, 60_000);

  it('leave no PIN in any log', async () => {
    const said = [...world.logged, ...(await world.network.log())].join('\n');
    expect(world.logged.length).toBeGreaterThan(10);
    expect(pinsIn(said, ...pins)).toEqual([]);
  });
});
