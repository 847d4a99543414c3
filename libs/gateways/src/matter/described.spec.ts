import { HOUR } from '@latchkey/platform';
import { canKeep } from '../time-steps';
import type { FoundLock } from './controller/messages';
import { described } from './described';

const lock: FoundLock = {
  ...{ lockId: 'hall', name: 'Hall', model: null, online: true, batteryLevel: null, timeZone: null },
  ...{ pinLengths: { shortest: 4, longest: 8 }, users: 20, schedules: true },
};
const berlin = { slots: null, timeZone: 'Europe/Berlin' };
/** When clocks in Berlin are put back from three to two. */
const CHANGE = Date.parse('2026-10-25T01:00:00Z');

describe('a Matter lock that keeps time frames by its own clock', () => {
  const { capabilities, timeZone } = described(lock, berlin, '1');
  const keeps = (startsAt: number, endsAt: number) =>
    canKeep({ capabilities, timeZone }, { startsAt, endsAt });

  it.each([
    ['begins the first time that it is half past two', CHANGE - HOUR / 2, CHANGE + 9 * HOUR, false],
    ['begins the second time', CHANGE + HOUR / 2, CHANGE + 9 * HOUR, false],
    ['ends there', CHANGE - 9 * HOUR, CHANGE + HOUR / 2, false],
    ['goes over that hour', CHANGE - 9 * HOUR, CHANGE + 9 * HOUR, true],
  ])('is told one that is clear to it: %s', (_what, startsAt, endsAt, isTold) => {
    expect(keeps(startsAt, endsAt)).toBe(isTold);
  });

  it('keeps none where nobody says where it is', () => {
    const there = described(lock, { ...berlin, timeZone: null }, '1').capabilities;
    expect(there).toMatchObject({ nativeScheduling: false });
    expect(there).not.toHaveProperty('keepsWallTime');
  });
});
