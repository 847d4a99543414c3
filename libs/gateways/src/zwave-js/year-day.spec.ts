import { DAY, HOUR, MINUTE } from '@latchkey/platform';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { canKeep } from '../time-steps';
import { windowOf, type YearDay, yearDayOf } from './year-day';

const VIENNA = 'Europe/Vienna';
const ZONES = [VIENNA, 'America/New_York', 'Australia/Lord_Howe', 'UTC', 'Asia/Kathmandu'];
const at = (text: string, zone = VIENNA) => DateTime.fromISO(text, { zone }).toMillis();

/** What the lock's own clock shows at an instant, as one number that can be compared. */
function shown(instant: number, zone: string): number {
  const { year, month, day, hour, minute } = DateTime.fromMillis(instant, { zone });
  return Date.UTC(year, month - 1, day, hour, minute);
}

/** Whether a lock that knows nothing but its clock opens at an instant. */
function opensAt(told: YearDay, instant: number, zone: string): boolean {
  const start = Date.UTC(
    2000 + told.startYear,
    told.startMonth - 1,
    told.startDay,
    told.startHour,
    told.startMinute,
  );
  const stop = Date.UTC(
    2000 + told.stopYear,
    told.stopMonth - 1,
    told.stopDay,
    told.stopHour,
    told.stopMinute,
  );
  const now = shown(instant, zone);
  return start <= now && now < stop;
}

describe('a time frame in a lock’s local time', () => {
  it('is told to the minute', () => {
    const window = { startsAt: at('2026-12-01T15:00'), endsAt: at('2026-12-04T11:30') };
    const told = yearDayOf(window, VIENNA);
    expect(told).toEqual({
      ...{ startYear: 26, startMonth: 12, startDay: 1, startHour: 15, startMinute: 0 },
      ...{ stopYear: 26, stopMonth: 12, stopDay: 4, stopHour: 11, stopMinute: 30 },
    });
    expect(windowOf(told!, VIENNA)).toEqual(window);
  });

  it('is not told where it can not be: seconds, other centuries, and times that clocks show twice', () => {
    const startsAt = at('2026-12-01T15:00');
    expect(yearDayOf({ startsAt: startsAt + 1000, endsAt: startsAt + DAY }, VIENNA)).toBeNull();
    expect(yearDayOf({ startsAt, endsAt: at('2100-01-01T00:00') }, VIENNA)).toBeNull();
    // Clocks are put back at 03:00 on this day: 02:30 comes twice.
    const twice = at('2026-10-25T01:30') + HOUR;
    expect(yearDayOf({ startsAt: twice, endsAt: twice + DAY }, VIENNA)).toBeNull();
    expect(yearDayOf({ startsAt: twice - DAY, endsAt: twice + HOUR }, VIENNA)).toBeNull();
  });

  const minute = fc
    .integer({ min: at('2026-01-01T00:00') / MINUTE, max: at('2028-01-01T00:00') / MINUTE })
    .map((n) => n * MINUTE);
  // Most are near a day on which some zone's clocks are put.
  const nearChange = fc
    .tuple(
      fc.constantFrom('2026-03-29', '2026-10-25', '2026-11-01', '2026-03-08', '2026-04-05', '2026-10-04'),
      fc.integer({ min: -600, max: 1800 }),
    )
    .map(([day, minutes]) => at(`${day}T00:00`, 'UTC') + minutes * MINUTE);
  const instant = fc.oneof(minute, nearChange);
  const length = fc.integer({ min: 1, max: 3 * 24 * 60 }).map((n) => n * MINUTE);

  it('opens in it and at no other time, by the lock’s own clock, whatever day clocks are put', () => {
    fc.assert(
      fc.property(instant, length, fc.constantFrom(...ZONES), (startsAt, long, zone) => {
        const window = { startsAt, endsAt: startsAt + long };
        const told = yearDayOf(window, zone);
        if (!told) return;
        for (let now = startsAt - 3 * HOUR; now < window.endsAt + 3 * HOUR; now += 10 * MINUTE) {
          expect(opensAt(told, now, zone)).toBe(startsAt <= now && now < window.endsAt);
        }
        expect(opensAt(told, window.endsAt, zone)).toBe(false);
        expect(opensAt(told, window.endsAt - MINUTE, zone)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is planned for the lock exactly where it can be told', () => {
    fc.assert(
      fc.property(instant, length, fc.constantFrom(...ZONES), (startsAt, long, timeZone) => {
        const window = { startsAt, endsAt: startsAt + long };
        const lock = { capabilities: { timeStepMinutes: 1, keepsWallTime: true }, timeZone };
        expect(canKeep(lock, window)).toBe(yearDayOf(window, timeZone) !== null);
      }),
      { numRuns: 1000 },
    );
  });
});
