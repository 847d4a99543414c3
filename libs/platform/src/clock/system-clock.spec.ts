import { SystemClock } from './system-clock';

const reached = (clock: SystemClock, instant: number) =>
  new Promise<number>((resolve) => clock.at(instant, () => resolve(clock.now())));

describe('the system clock', () => {
  // Its timers do not keep a process alive, so something else must while a test waits for them.
  let alive: NodeJS.Timeout;
  beforeEach(() => {
    alive = setInterval(() => {}, 1000);
  });
  afterEach(() => clearInterval(alive));

  it('calls back at the instant or later, never before', async () => {
    const clock = new SystemClock();
    const instants = [0, 1, 2, 3, 5, 8, 13, 21].map((ms) => clock.now() + ms);

    const readings = await Promise.all(instants.map((instant) => reached(clock, instant)));
    expect(readings.filter((reading, n) => reading < instants[n]!)).toEqual([]);
  });

  it('calls back for the past at once, but not before the call has returned', async () => {
    const clock = new SystemClock();
    let called = false;
    const done = new Promise<void>((resolve) =>
      clock.at(0, () => {
        called = true;
        resolve();
      }),
    );

    expect(called).toBe(false);
    await done;
    expect(called).toBe(true);
  });

  it('does not call back what was cancelled, nor what is further off than a timer can be set', async () => {
    const clock = new SystemClock();
    const called: string[] = [];
    clock.at(clock.now() + 1, () => called.push('cancelled'))();
    clock.at(clock.now() + 2 ** 40, () => called.push('far off'));

    await reached(clock, clock.now() + 5);
    expect(called).toEqual([]);
  });

  it('looks up earlier when something earlier is added', async () => {
    const clock = new SystemClock();
    const order: string[] = [];
    const late = new Promise<void>((resolve) =>
      clock.at(clock.now() + 30, () => {
        order.push('late');
        resolve();
      }),
    );
    clock.at(clock.now() + 2, () => order.push('early'));

    await late;
    expect(order).toEqual(['early', 'late']);
  });
});
