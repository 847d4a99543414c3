import { DAY, MINUTE } from '@latchkey/platform';
import type { CodeWindow, LockCapabilities } from './lock-gateway';

/** What decides which windows a lock can be told to keep. */
export interface TimeKeeping {
  readonly capabilities: Pick<LockCapabilities, 'timeStepMinutes' | 'keepsWallTime'>;
  /** IANA name; null: UTC. Steps are counted from midnight there. */
  readonly timeZone: string | null;
}

/** Whether a lock can be told just this window. */
export function canKeep(lock: TimeKeeping, window: CodeWindow): boolean {
  const { startsAt, endsAt } = widened(lock, window);
  const { capabilities, timeZone } = lock;
  if (capabilities.keepsWallTime && (isShownTwice(startsAt, timeZone) || isShownTwice(endsAt, timeZone)))
    return false;
  return startsAt === window.startsAt && endsAt === window.endsAt;
}

/**
 * The narrowest window that a lock can be told and that holds the given one. A lock can be told the instants at which
 * its own clock shows a step, counted from midnight: on days on which clocks are changed some steps are shown twice
 * and some never, midnight among them.
 */
export function widened({ capabilities, timeZone }: TimeKeeping, window: CodeWindow): CodeWindow {
  const step = (capabilities.timeStepMinutes ?? 0) * MINUTE;
  if (step === 0) return window;
  return {
    startsAt: stepUpTo(window.startsAt, step, timeZone),
    endsAt: stepFrom(window.endsAt, step, timeZone),
  };
}

/** The first instant from the given one on that a lock can be told. */
export function firstToTell({ capabilities, timeZone }: TimeKeeping, from: number): number {
  const step = (capabilities.timeStepMinutes ?? 0) * MINUTE;
  return step === 0 ? from : stepFrom(from, step, timeZone);
}

/** Whether clocks of the zone show at another instant what they show at this one. */
function isShownTwice(at: number, timeZone: string | null): boolean {
  return [-1, 1].some((side) => {
    const by = offsetAt(timeZone, at) - offsetAt(timeZone, at + side * DAY);
    return by !== 0 && offsetAt(timeZone, at + by) === offsetAt(timeZone, at) - by;
  });
}

/** The latest step at or before an instant. */
function stepUpTo(at: number, step: number, timeZone: string | null): number {
  const offset = offsetAt(timeZone, at);
  const { midnight, passed } = timeOfDay(at + offset);
  const shown = midnight + Math.floor(passed / step) * step - offset;
  if (offsetAt(timeZone, shown) === offset) return shown;
  // Clocks were changed in between: what they showed before counts.
  return stepUpTo(changeBetween(shown, at, timeZone) - 1, step, timeZone);
}

/** The first step at or after an instant. */
function stepFrom(at: number, step: number, timeZone: string | null): number {
  const offset = offsetAt(timeZone, at);
  const { midnight, passed } = timeOfDay(at + offset);
  // Every day begins with a step, also where steps do not divide the day evenly.
  const shown = midnight + Math.min(Math.ceil(passed / step) * step, DAY) - offset;
  if (offsetAt(timeZone, shown) === offset) return shown;
  return stepFrom(changeBetween(at, shown, timeZone), step, timeZone);
}

function timeOfDay(local: number): { midnight: number; passed: number } {
  const passed = ((local % DAY) + DAY) % DAY;
  return { midnight: local - passed, passed };
}

/** The first instant that has the offset of `late`, where `early` has another one. */
function changeBetween(early: number, late: number, timeZone: string | null): number {
  const offset = offsetAt(timeZone, late);
  let [before, after] = [early, late];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(timeZone, middle) === offset) after = middle;
    else before = middle;
  }
  return after;
}

/** How far a zone's clocks are ahead of UTC at an instant, ms. */
function offsetAt(timeZone: string | null, at: number): number {
  if (timeZone === null || timeZone === 'UTC') return 0;
  const part = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = part as Record<string, string>;
  const shown = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return shown - Math.floor(at / 1000) * 1000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const two = '2-digit' as const;
    const parts = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
    format = new Intl.DateTimeFormat('en-US', { ...parts, timeZone: known(timeZone), hourCycle: 'h23' });
    formats.set(timeZone, format);
  }
  return format;
}

/** A zone that the maker made up is taken for UTC. */
function known(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone;
  } catch {
    return 'UTC';
  }
}
