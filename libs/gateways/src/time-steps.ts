import type { CodeWindow, LockCapabilities } from './lock-gateway';

const MINUTE = 60_000;

/** What decides which windows a lock can be told to keep. */
export interface TimeKeeping {
  readonly capabilities: Pick<LockCapabilities, 'timeStepMinutes'>;
  /** IANA name; null: UTC. Steps are counted from midnight there. */
  readonly timeZone: string | null;
}

/** Whether a lock can be told just this window. */
export function canKeep(lock: TimeKeeping, window: CodeWindow): boolean {
  const { startsAt, endsAt } = widened(lock, window);
  return startsAt === window.startsAt && endsAt === window.endsAt;
}

/** The narrowest window that a lock can be told and that holds the given one. */
export function widened({ capabilities, timeZone }: TimeKeeping, window: CodeWindow): CodeWindow {
  const step = (capabilities.timeStepMinutes ?? 0) * MINUTE;
  if (step === 0) return window;
  return {
    startsAt: stepAt(window.startsAt, step, timeZone, Math.floor),
    endsAt: stepAt(window.endsAt, step, timeZone, Math.ceil),
  };
}

function stepAt(at: number, step: number, timeZone: string | null, round: (steps: number) => number): number {
  const offset = offsetAt(timeZone, at);
  const local = at + offset;
  const midnight = local - (((local % DAY) + DAY) % DAY);
  const rounded = midnight + round((local - midnight) / step) * step;
  // On days on which clocks are changed the offset there may be another one.
  const there = offsetAt(timeZone, rounded - offset);
  return rounded - there;
}

const DAY = 24 * 60 * MINUTE;

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
