import { CodeWork } from '@latchkey/access-codes';
import { DAY, HOUR, iso } from '@latchkey/platform';
import { MONDAY, World } from '../testing/world';

describe('an agenda that is built again', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ codesView: true });
  }, 60_000);
  afterAll(() => world.stop());

  it('has only those codes looked at that have something to be done, and the others in time', async () => {
    const deviceId = await world.deviceNamed('Front Door');
    const lock = await world.lockNamed('Front Door');
    const code = (pin: string, startsAt: number, endsAt: number) =>
      world.create({ deviceId, name: `Guest ${pin}`, code: pin, startsAt, endsAt });
    await code('1111', MONDAY, MONDAY + 2 * DAY);
    await code('2222', MONDAY + 10 * DAY, MONDAY + 11 * DAY);
    const removed = await code('3333', MONDAY, MONDAY + 9 * DAY);
    await world.remove(removed);
    await code('4444', MONDAY, MONDAY + HOUR);
    await world.advance(2 * HOUR);
    const facts = await world.allEvents();

    const looks = jest.spyOn(CodeWork.prototype, 'workThrough');
    await world.restartWithoutViews();
    await world.settle();
    const looked = looks.mock.calls.map(([{ id }]) => id);
    looks.mockRestore();
    // Locks are read back once more; no code is planned again.
    expect({ looked, facts: await world.allEvents() }).toEqual({ looked: [], facts });
    expect(await world.core.rows.codesOf(deviceId)).toHaveLength(2);

    expect([await world.opens(lock, '1111'), await world.opens(lock, '2222')]).toEqual([true, false]);
    await world.advanceTo(MONDAY + 10 * DAY + HOUR);
    expect([await world.opens(lock, '1111'), await world.opens(lock, '2222')]).toEqual([false, true]);
    await world.advanceTo(MONDAY + 11 * DAY + HOUR);
    expect(await world.opens(lock, '2222')).toBe(false);
    expect(await world.core.rows.codesOf(deviceId)).toEqual([]);
    expect(iso(world.now)).toBe('2026-06-12T13:00:00.000Z');
  }, 60_000);
});
