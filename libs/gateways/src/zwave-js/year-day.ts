import { DateTime } from 'luxon';
import { z } from 'zod';
import type { CodeWindow } from '../lock-gateway';

/** A time frame as a lock with year-day schedules keeps it: in its own local time, to the minute, years 0 to 99. */
export const yearDay = z.object({
  startYear: z.number().int(),
  startMonth: z.number().int(),
  startDay: z.number().int(),
  startHour: z.number().int(),
  startMinute: z.number().int(),
  stopYear: z.number().int(),
  stopMonth: z.number().int(),
  stopDay: z.number().int(),
  stopHour: z.number().int(),
  stopMinute: z.number().int(),
});

export type YearDay = z.infer<typeof yearDay>;

const CENTURY = 2000;

/**
 * What a lock whose clock shows the zone's time is told of a window.
 * @param zone IANA name
 * @returns null for a window that can't be told: not on whole minutes, outside this century, or with an end that the
 *   lock's clock shows twice
 */
export function yearDayOf(window: CodeWindow, zone: string): YearDay | null {
  const start = DateTime.fromMillis(window.startsAt, { zone });
  const stop = DateTime.fromMillis(window.endsAt, { zone });
  const told: YearDay = {
    startYear: start.year - CENTURY,
    startMonth: start.month,
    startDay: start.day,
    startHour: start.hour,
    startMinute: start.minute,
    stopYear: stop.year - CENTURY,
    stopMonth: stop.month,
    stopDay: stop.day,
    stopHour: stop.hour,
    stopMinute: stop.minute,
  };
  if ([told.startYear, told.stopYear].some((year) => !(year >= 0 && year <= 99))) return null;
  if (isShownTwice(start) || isShownTwice(stop)) return null;
  const back = windowOf(told, zone);
  return back.startsAt === window.startsAt && back.endsAt === window.endsAt ? told : null;
}

/** The window that a lock keeps. */
export function windowOf(told: YearDay, zone: string): CodeWindow {
  const at = (year: number, month: number, day: number, hour: number, minute: number) =>
    DateTime.fromObject({ year: CENTURY + year, month, day, hour, minute }, { zone }).toMillis();
  return {
    startsAt: at(told.startYear, told.startMonth, told.startDay, told.startHour, told.startMinute),
    endsAt: at(told.stopYear, told.stopMonth, told.stopDay, told.stopHour, told.stopMinute),
  };
}

const isShownTwice = (instant: DateTime): boolean => instant.getPossibleOffsets().length > 1;
