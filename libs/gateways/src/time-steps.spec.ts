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

test('whatever the window, the widened one holds it, is at most a step wider at each end, and can be kept', () => {
  const zones = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Auckland'];
  const instants = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) });
  fc.assert(
    fc.property(
      instants,
      fc.integer({ min: 1, max: 30 * 86_400_000 }),
      fc.constantFrom(15, 30, 60, 1440),
      fc.constantFrom(...zones),
      (startsAt, length, minutes, zone) => {
        const asked = { startsAt, endsAt: startsAt + length };
        const wide = widened(lock(minutes, zone), asked);
        // Where clocks are changed a step may be an hour longer.
        const step = minutes * 60_000 + 3_600_000;
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
