import { DAY, HOUR, MINUTE } from './durations';
import fc from 'fast-check';
import { ClockWatch } from './clock-watch';

const T0 = Date.UTC(2026, 5, 1);

/** A machine whose clock can be set. */
function machine(lastRead?: number) {
  let [wall, passed] = [T0, 500];
  const watch = new ClockWatch({ wall: () => wall, monotonic: () => passed, lastRead });
  const told: number[] = [];
  watch.onJump((by) => told.push(by));
  return {
    watch,
    told,
    passes: (ms: number) => ([wall, passed] = [wall + ms, passed + ms]),
    put: (by: number) => (wall += by),
    wall: () => wall,
  };
}

it('notices nothing while the clock goes as time passes, even if it is slewed a little', () => {
  const { watch, told, passes, put, wall } = machine();
  for (let n = 0; n < 1000; n++) {
    passes(1000);
    put(n % 2 ? 400 : 300);
    expect([watch.offset, watch.latest()]).toEqual([0, wall()]);
  }
  expect(told).toEqual([]);
});

it('reports a clock that was set forward or back, and knows the latest that it can be', () => {
  const { watch, told, passes, put, wall } = machine();
  put(-HOUR);
  expect([watch.offset, watch.latest()]).toEqual([-HOUR, wall() + HOUR]);
  passes(10 * HOUR);
  expect(watch.latest()).toBe(wall() + HOUR);
  put(HOUR);
  expect([watch.offset, watch.latest()]).toEqual([0, wall()]);
  put(3 * DAY);
  expect([watch.offset, watch.latest()]).toEqual([3 * DAY, wall()]);
  put(-3 * DAY);
  expect([watch.offset, watch.latest()]).toEqual([0, wall()]);
  expect(told).toEqual([-HOUR, HOUR, 3 * DAY, -3 * DAY]);
});

it('takes the clock for right when it is found to be, and reports that', () => {
  const { watch, told, put, wall } = machine();
  put(-HOUR);
  watch.believe();
  expect([watch.offset, watch.latest(), told]).toEqual([0, wall(), [-HOUR, 0]]);
  watch.believe();
  expect(told).toEqual([-HOUR, 0]);
});

it('takes a step forward for right soon, as after a machine’s sleep, and a step back never', () => {
  const asleep = machine();
  asleep.put(8 * HOUR);
  expect(asleep.watch.bounds()).toEqual({ earliest: asleep.wall() - 8 * HOUR, latest: asleep.wall() });
  asleep.passes(3 * MINUTE);
  expect(asleep.watch.bounds()).toEqual({ earliest: asleep.wall(), latest: asleep.wall() });
  asleep.put(-HOUR);
  asleep.watch.latest();
  asleep.passes(9 * DAY);
  expect(asleep.watch.bounds()).toEqual({ earliest: asleep.wall(), latest: asleep.wall() + HOUR });
});

it('keeps a step forward in doubt while it is found to be wrong', () => {
  const { watch, put, passes, wall } = machine();
  put(3 * DAY);
  expect(watch.offset).toBe(3 * DAY);
  watch.doubt();
  passes(9 * DAY);
  expect(watch.bounds()).toEqual({ earliest: wall() - 3 * DAY, latest: wall() });
  watch.believe();
  expect(watch.offset).toBe(0);
});

it('knows of a clock that was set back while no process ran', () => {
  const { watch, wall } = machine(T0 + HOUR);
  expect([watch.offset, watch.latest()]).toEqual([-HOUR, wall() + HOUR]);
  expect(machine(T0 + 9 * DAY).watch.offset).toBe(0);
  expect(machine(T0 - HOUR).watch.offset).toBe(0);
});

it('is never earlier than the clock, nor than time has passed, however often the clock is set back', () => {
  const step = fc.record({ passes: fc.nat(DAY), put: fc.integer({ min: -30 * DAY, max: 0 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const { watch, passes, put, wall } = machine();
      let passed = T0;
      for (const each of steps) {
        passes(each.passes);
        put(each.put);
        passed += each.passes;
        expect(watch.latest()).toBeGreaterThanOrEqual(wall());
        // Small steps are taken as they come.
        expect(watch.latest()).toBeGreaterThanOrEqual(passed - 20 * 2_000);
      }
    }),
  );
});
