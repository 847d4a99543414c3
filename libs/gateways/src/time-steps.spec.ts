import { DAY, HOUR } from '@latchkey/platform';
import fc from 'fast-check';
import { canKeep, widened } from './time-steps';

const lock = (timeStepMinutes: number | undefined, timeZone: string | null = null) => ({
  capabilities: timeStepMinutes === undefined ? {} : { timeStepMinutes },
  timeZone,
});
const window = (from: string, to: string) => ({ startsAt: Date.parse(from), endsAt: Date.parse(to) });
const asIso = ({ startsAt, endsAt }: { startsAt: number; endsAt: number }) =>
  [startsAt, endsAt].map((at) => new Date(at).toISOString().slice(0, 16));

test('a lock that keeps every instant is told the window as it is', () => {
  const odd = window('2030-01-01T10:17:03.5Z', '2030-01-01T12:00:01Z');
  expect(widened(lock(undefined), odd)).toEqual(odd);
  expect(canKeep(lock(undefined), odd)).toBe(true);
});

test.each([
  [60, null, '10:17', '12:01', ['2030-01-01T10:00', '2030-01-01T13:00']],
  [15, null, '10:17', '12:00', ['2030-01-01T10:15', '2030-01-01T12:00']],
  [60, 'Asia/Kolkata', '10:17', '12:01', ['2030-01-01T09:30', '2030-01-01T12:30']],
  [1440, null, '10:17', '12:01', ['2030-01-01T00:00', '2030-01-02T00:00']],
  [1440, 'Europe/Berlin', '10:17', '12:01', ['2029-12-31T23:00', '2030-01-01T23:00']],
])('steps of %s minutes in %s widen it', (minutes, zone, from, to, expected) => {
  expect(
    asIso(widened(lock(minutes, zone), window(`2030-01-01T${from}:00Z`, `2030-01-01T${to}:00Z`))),
  ).toEqual(expected);
});

test('days on which clocks change are as long as they are', () => {
  const stay = window('2026-03-29T10:00:00Z', '2026-03-29T11:00:00Z');
  expect(asIso(widened(lock(1440, 'Europe/Berlin'), stay))).toEqual(['2026-03-28T23:00', '2026-03-29T22:00']);
});

test('a zone that nobody knows is UTC', () => {
  const stay = window('2030-01-01T10:17:00Z', '2030-01-01T12:01:00Z');
  expect(widened(lock(60, 'Mars/Olympus'), stay)).toEqual(widened(lock(60), stay));
});

test.each([
  // In the night in which 02:00 to 03:00 is left out, half past one is followed by three.
  [60, 'Europe/Berlin', '2027-03-27T20:00', '2027-03-28T00:30', ['2027-03-27T20:00', '2027-03-28T01:00']],
  [15, 'Europe/Berlin', '2027-03-28T00:50', '2027-03-28T00:50', ['2027-03-28T00:45', '2027-03-28T01:00']],
  // In the night in which 02:00 to 03:00 comes twice.
  [60, 'Europe/Berlin', '2027-10-31T00:30', '2027-10-31T00:30', ['2027-10-31T00:00', '2027-10-31T01:00']],
  [60, 'Europe/Berlin', '2027-10-31T01:30', '2027-10-31T01:30', ['2027-10-31T01:00', '2027-10-31T02:00']],
  // 01:00, then 02:00 half an hour late, and in autumn half of the hour before it once more.
  [
    60,
    'Australia/Lord_Howe',
    '2026-10-03T15:05',
    '2026-10-03T15:05',
    ['2026-10-03T14:30', '2026-10-03T16:00'],
  ],
  [
    60,
    'Australia/Lord_Howe',
    '2026-04-04T14:05',
    '2026-04-04T14:05',
    ['2026-04-04T14:00', '2026-04-04T15:30'],
  ],
  // A day without a midnight, and days that have two: the second is nearer at the start, and the first at the end.
  [
    1440,
    'America/Asuncion',
    '2023-10-01T12:00',
    '2023-10-01T12:00',
    ['2023-09-30T04:00', '2023-10-02T03:00'],
  ],
  [1440, 'America/Havana', '2026-11-01T12:00', '2026-11-01T12:00', ['2026-11-01T05:00', '2026-11-02T05:00']],
  [1440, 'Africa/Cairo', '2026-10-29T20:30', '2026-10-29T20:30', ['2026-10-28T21:00', '2026-10-29T22:00']],
  // A day that never was.
  [1440, 'Pacific/Apia', '2011-12-30T09:59', '2011-12-30T10:01', ['2011-12-29T10:00', '2011-12-31T10:00']],
  // Steps that do not divide the day: its last one is shorter.
  [50, null, '2030-01-01T23:35', '2030-01-01T23:35', ['2030-01-01T23:20', '2030-01-02T00:00']],
])('steps of %s minutes in %s hold %s to %s', (minutes, zone, from, to, expected) => {
  expect(asIso(widened(lock(minutes, zone), window(`${from}:00Z`, `${to}:00Z`)))).toEqual(expected);
});

/** An instant at which a zone changed its clocks in some year, if it did; near it, everything can go wrong. */
function changesOf(zone: string): number[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = (at: number) => format.formatToParts(at).find(({ type }) => type === 'timeZoneName')!.value;
  const changes: number[] = [];
  const month = 30 * DAY;
  for (let at = Date.UTC(2005, 0); at < Date.UTC(2035, 0); at += month) {
    if (offset(at) === offset(at + month)) continue;
    let [before, after] = [at, at + month];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offset(middle) === offset(at)) before = middle;
      else after = middle;
    }
    changes.push(after);
  }
  return changes;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockIn(timeZone: string): Intl.DateTimeFormat {
  const clock =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' });
  clocks.set(timeZone, clock);
  return clock;
}

/** Whether the clock at the lock shows a step: worked out in another way than the rounding does. */
function showsStep(at: number, minutes: number, timeZone: string): boolean {
  const shown = clockIn(timeZone).format(at);
  const [hour, minute, second] = shown.split(':').map(Number) as [number, number, number];
  return second === 0 && at % 1000 === 0 && (hour * 60 + minute) % minutes === 0;
}

describe('in every zone, near the changes of its clocks', () => {
  const zones = Intl.supportedValuesOf('timeZone');
  const changing = zones.map((zone) => [zone, changesOf(zone)] as const).filter(([, at]) => at.length > 0);

  it('a rounded window holds the one asked for, can be told, and is as narrow as can be', () => {
    expect(changing.length).toBeGreaterThan(200);
    const near = fc.integer({ min: -26 * HOUR, max: 26 * HOUR });
    const drawn = fc
      .constantFrom(...changing)
      .chain(([zone, changes]) => fc.tuple(fc.constant(zone), fc.constantFrom(...changes)));
    fc.assert(
      fc.property(
        drawn,
        near,
        near,
        fc.constantFrom(1, 5, 15, 30, 50, 60, 90, 120, 720, 1440),
        fc.constantFrom(1, 1000, 60_000, 900_000),
        ([zone, change], from, length, minutes, grain) => {
          const startsAt = Math.round((change + from) / grain) * grain;
          const asked = { startsAt, endsAt: startsAt + Math.abs(length) + 1 };
          const told = lock(minutes, zone);
          const wide = widened(told, asked);
          expect(wide.startsAt).toBeLessThanOrEqual(asked.startsAt);
          expect(wide.endsAt).toBeGreaterThanOrEqual(asked.endsAt);
          expect(showsStep(wide.startsAt, minutes, zone)).toBe(true);
          expect(showsStep(wide.endsAt, minutes, zone)).toBe(true);
          expect(canKeep(told, wide)).toBe(true);
          // Between it and what was asked for there is no step: whole minutes are all that need looking at.
          const minute = 60_000;
          for (let at = wide.startsAt + minute; at <= asked.startsAt; at += minute)
            expect(showsStep(at, minutes, zone)).toBe(false);
          for (let at = wide.endsAt - minute; at >= asked.endsAt; at -= minute)
            expect(showsStep(at, minutes, zone)).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);
});

test('whatever the window, the widened one holds it, is at most a step wider at each end, and can be kept', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Auckland'];
  const instants = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) });
  fc.assert(
    fc.property(
      instants,
      fc.integer({ min: 1, max: 30 * DAY }),
      fc.constantFrom(15, 30, 60, 1440),
      fc.constantFrom(...zones),
      (startsAt, length, minutes, zone) => {
        const asked = { startsAt, endsAt: startsAt + length };
        const wide = widened(lock(minutes, zone), asked);
        // Where clocks are changed a step may be an hour longer.
        const step = minutes * 60_000 + HOUR;
        expect(wide.startsAt).toBeLessThanOrEqual(asked.startsAt);
        expect(asked.startsAt - wide.startsAt).toBeLessThan(step);
        expect(wide.endsAt).toBeGreaterThanOrEqual(asked.endsAt);
        expect(wide.endsAt - asked.endsAt).toBeLessThan(step);
        expect(canKeep(lock(minutes, zone), wide)).toBe(true);
      },
    ),
    { numRuns: 1000 },
  );
});
