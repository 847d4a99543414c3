import { HOUR, MINUTE, SECOND } from '@latchkey/platform';
import { MONDAY, World } from './testing/world';

describe('the life of an access code', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  it('is preloaded 72 h ahead on a lock that keeps windows itself, and set at its start', async () => {
    const lock = await world.lockNamed('Front Door');
    const startsAt = MONDAY + 100 * HOUR;
    const endsAt = MONDAY + 124 * HOUR;
    const id = await world.create({
      deviceId: await world.deviceNamed('Front Door'),
      code: '4821',
      startsAt,
      endsAt,
    });

    await world.advanceTo(startsAt - 72 * HOUR - SECOND);
    expect((await world.lockNamed('Front Door')).codes).toEqual([]);
    await world.advanceTo(startsAt - 72 * HOUR + 10 * SECOND);
    expect(await world.story(id)).toEqual([
      'CodeRequested',
      'ProgrammingStarted',
      'ProgrammingAccepted',
      'ScheduledOnDevice',
    ]);

    await world.advanceTo(startsAt - 1);
    expect(await world.opens(lock, '4821')).toBe(false);
    await world.advanceTo(startsAt);
    expect(await world.opens(lock, '4821')).toBe(true);
    expect((await world.story(id)).at(-1)).toBe('SetOnDevice');

    await world.advanceTo(endsAt);
    expect(await world.opens(lock, '4821')).toBe(false);
    await world.advance(10 * SECOND);
    expect(await world.story(id)).toEqual([
      'CodeRequested',
      'ProgrammingStarted',
      'ProgrammingAccepted',
      'ScheduledOnDevice',
      'SetOnDevice',
      'RemovalStarted',
      'RemovalSent',
      'Removed',
    ]);
    expect((await world.lockNamed('Front Door')).codes).toEqual([]);
  });

  it('is programmed an hour ahead on a lock that keeps no windows', async () => {
    const startsAt = MONDAY + 5 * HOUR;
    const endsAt = MONDAY + 8 * HOUR;
    const id = await world.create({
      deviceId: await world.deviceNamed('Garage'),
      code: '4821',
      startsAt,
      endsAt,
    });
    await world.advanceTo(startsAt - HOUR - 1);
    expect(await world.story(id)).toEqual(['CodeRequested']);
    await world.advanceTo(startsAt - HOUR + MINUTE);
    expect((await world.story(id)).at(-1)).toBe('SetOnDevice');
    await world.advanceTo(endsAt + MINUTE);
    expect((await world.story(id)).at(-1)).toBe('Removed');
  });

  it('goes on at once and stays until it is deleted when it is ongoing', async () => {
    const id = await world.create({ deviceId: await world.deviceNamed('Garage') });
    await world.advance(10 * SECOND);
    expect((await world.story(id)).at(-1)).toBe('SetOnDevice');
    await world.advance(500 * HOUR);
    expect((await world.story(id)).at(-1)).toBe('SetOnDevice');
    await world.remove(id);
    await world.advance(10 * SECOND);
    expect((await world.story(id)).slice(-3)).toEqual(['RemovalStarted', 'RemovalSent', 'Removed']);
  });
});
