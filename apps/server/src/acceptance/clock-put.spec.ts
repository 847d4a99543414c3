import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import { type SimulatedLock, World } from '../testing/world';

let world: World;
beforeEach(async () => {
  world = await World.start();
}, 60_000);
afterEach(() => world.stop());

const FRONT = 'Front Door';
const GARAGE = 'Garage';

async function codeOn(name: string, code: string, from: number, length = 8 * HOUR) {
  const lock = await world.lockNamed(name);
  const deviceId = await world.deviceOf(lock);
  const startsAt = world.now + from;
  const id = await world.create({ deviceId, code, startsAt, endsAt: startsAt + length });
  return { lock, id, code, startsAt };
}

const opens = (of: { lock: SimulatedLock; code: string }) => world.opens(of.lock, of.code);
const windows = async (name: string) =>
  (await world.lockNamed(name)).codes.map(({ starts_at, ends_at }) => [starts_at, ends_at]);

it.each([FRONT, GARAGE])('put back an hour, takes no code off the %s in its stay', async (name) => {
  const stay = await codeOn(name, '482193', 2 * HOUR);
  await world.advance(2 * HOUR + 10 * MINUTE);
  expect(await opens(stay)).toBe(true);
  await world.putClock(-HOUR - 15 * MINUTE);
  await world.update(stay.id, { name: 'Anna' });
  for (let minute = 0; minute < 90; minute += 10) {
    expect([minute, await opens(stay)]).toEqual([minute, true]);
    await world.advance(10 * MINUTE);
  }
  expect((await world.lockNamed(name)).codes.map((code) => code.name)).toEqual(['Anna']);
  expect(await world.story(stay.id)).not.toContain('WithdrawnFromDevice');
  await world.putClock(HOUR + 15 * MINUTE);
  await world.advance(8 * HOUR);
  expect(await opens(stay)).toBe(false);
});

it('put forward three days, changes nothing at any door, and nothing when it is put right again', async () => {
  const staying = await Promise.all([codeOn(FRONT, '482193', HOUR), codeOn(GARAGE, '482194', HOUR)]);
  const coming = await Promise.all([codeOn(FRONT, '482195', 2 * DAY), codeOn(GARAGE, '482196', 2 * DAY)]);
  const nextWeek = await Promise.all([codeOn(FRONT, '482197', 5 * DAY), codeOn(GARAGE, '482198', 5 * DAY)]);
  await world.advance(2 * HOUR);
  const kept = await windows(FRONT);

  const asItShouldBe = async () => {
    for (const code of staying) expect([code.code, await opens(code)]).toEqual([code.code, true]);
    for (const code of [...coming, ...nextWeek])
      expect([code.code, await opens(code)]).toEqual([code.code, false]);
  };
  await asItShouldBe();
  await world.putClock(3 * DAY);
  for (let looks = 0; looks < 4; looks++) {
    await world.advance(20 * MINUTE);
    await asItShouldBe();
  }
  // Windows are left to the lock, and no lock is taken for one whose clock is wrong.
  expect(await windows(FRONT)).toEqual(expect.arrayContaining(kept));
  expect(await windows(FRONT)).not.toContainEqual([null, null]);
  expect((await world.allEvents()).filter((event) => event.includes('ClockDrifted'))).toEqual([]);

  await world.putClock(-3 * DAY);
  await world.advance(10 * MINUTE);
  await asItShouldBe();
  expect(await windows(FRONT)).toEqual(kept);
  await world.advance(9 * HOUR);
  for (const code of staying) expect(await opens(code)).toBe(false);
  await world.advance(2 * DAY);
  for (const code of coming) expect(await world.story(code.id)).toContain('SetOnDevice');
}, 60_000);

it('that stays three days ahead lets guests in and out as time passes', async () => {
  const stays = await Promise.all([codeOn(FRONT, '482193', 5 * HOUR), codeOn(GARAGE, '482194', 5 * HOUR)]);
  await world.putClock(3 * DAY);
  await world.advance(5 * HOUR + MINUTE);
  for (const stay of stays) expect([stay.code, await opens(stay)]).toEqual([stay.code, true]);
  await world.advance(8 * HOUR + MINUTE);
  for (const stay of stays) expect([stay.code, await opens(stay)]).toEqual([stay.code, false]);
});

it('put back for hours and right again, catches up with what it missed', async () => {
  const stay = await codeOn(GARAGE, '482194', 30 * MINUTE, HOUR);
  await world.advance(40 * MINUTE);
  await world.putClock(-6 * HOUR);
  await world.advance(6 * HOUR);
  await world.putClock(6 * HOUR);
  await world.advance(5 * MINUTE);
  expect(await opens(stay)).toBe(false);
});
