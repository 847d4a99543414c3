import { HOUR } from './durations';
import fc from 'fast-check';
import { iso } from './instant';
import { readingOf, SandboxClock, type SandboxClockState } from './sandbox-clock';

const START = Date.UTC(2026, 0, 1);

/** A clock over a wall clock that moves only when a test moves it. */
function clockOverWall(running: boolean) {
  const wall = new SandboxClock({ now: Date.UTC(2030, 0, 1), running: false });
  const kept: SandboxClockState[] = [];
  const clock = new SandboxClock({ now: START, running, wall, persist: (state) => kept.push(state) });
  const passes = (ms: number) => wall.set(wall.now() + ms);
  return { wall, clock, kept, passes };
}

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe('a sandbox clock', () => {
  it('stands still when it does not run', () => {
    const { clock, passes } = clockOverWall(false);
    passes(HOUR);

    expect([clock.running, clock.now()]).toEqual([false, START]);
  });

  it('runs at real speed from where it was set', () => {
    const { clock, passes } = clockOverWall(true);
    passes(1000);
    clock.set(START + 72 * HOUR);
    passes(500);

    expect([clock.running, clock.now()]).toEqual([true, START + 72 * HOUR + 500]);
  });

  it('stops at its reading and resumes from there', () => {
    const { clock, passes } = clockOverWall(true);
    passes(10);
    clock.stop();
    passes(1000);
    clock.resume();
    passes(5);

    expect(clock.now()).toBe(START + 15);
  });

  it('refuses to go back, and changes nothing then', () => {
    const { clock, kept } = clockOverWall(true);

    expect(() => clock.set(START - 1, false)).toThrow(RangeError);
    expect(() => clock.set(START - 1)).toThrow(`can't go back to ${iso(START - 1)}`);
    expect(() => clock.set(NaN)).toThrow(RangeError);
    expect([clock.now(), clock.running, kept.length]).toEqual([START, true, 1]);
  });

  it('does not go back when the wall clock does', () => {
    let reading = 1000;
    const wall = { now: () => reading, at: () => () => {} };
    const clock = new SandboxClock({ now: START, running: true, wall });
    reading = 1500;
    expect(clock.now()).toBe(START + 500);

    reading = 200;
    expect(clock.now()).toBe(START + 500);
  });

  it('calls everything due on the way, in order, before setting it returns', () => {
    const { clock } = clockOverWall(false);
    const called: string[] = [];
    clock.at(START + 3, () => called.push('third'));
    clock.at(START + 1, () => called.push('first'));
    clock.at(START + 9, () => called.push('not yet'));
    clock.at(START + 2, () => called.push('second'));
    clock.at(START + 2, () => called.push('cancelled'))();
    clock.set(START + 5);

    expect(called).toEqual(['first', 'second', 'third']);
  });

  it('calls back for what is due already, after the call has returned', async () => {
    const { clock } = clockOverWall(false);
    const called: number[] = [];
    clock.at(START, () => called.push(1));
    expect(called).toEqual([]);

    await immediate();
    expect(called).toEqual([1]);
  });

  it('calls back when real time brings it there', () => {
    const { clock, passes } = clockOverWall(true);
    const called: number[] = [];
    clock.at(START + 100, () => called.push(clock.now()));
    passes(99);
    expect(called).toEqual([]);

    passes(1);
    expect(called).toEqual([START + 100]);
  });

  it('does not call back while it is stopped', () => {
    const { clock, passes } = clockOverWall(true);
    const called: number[] = [];
    clock.at(START + 100, () => called.push(clock.now()));
    clock.stop();
    passes(HOUR);
    expect(called).toEqual([]);

    clock.resume();
    passes(100);
    expect(called).toEqual([START + 100]);
  });

  it('hands out, at every change, what another process needs to go on with it', () => {
    const { wall, clock, kept, passes } = clockOverWall(true);
    passes(10);
    clock.set(START + HOUR);
    passes(10);
    clock.stop();

    expect(kept.map(({ now, running }) => [now - START, running])).toEqual([
      [0, true],
      [HOUR, true],
      [HOUR + 10, false],
    ]);
    expect(readingOf(kept[1]!, wall.now() + 5)).toBe(START + HOUR + 15);
    expect(readingOf(kept[2]!, wall.now() + 5)).toBe(START + HOUR + 10);
  });

  it('calls back once, at no earlier reading than asked for, however it is moved', () => {
    const moves = fc.array(
      fc.record({ kind: fc.constantFrom('wall', 'set', 'stop', 'resume', 'at'), by: fc.nat(1000) }),
      { maxLength: 100 },
    );
    fc.assert(
      fc.property(moves, fc.boolean(), (all, running) => {
        const { clock, passes } = clockOverWall(running);
        const asked: { instant: number; readings: number[] }[] = [];
        for (const { kind, by } of all) {
          const before = clock.now();
          if (kind === 'wall') passes(by);
          else if (kind === 'set') clock.set(before + by);
          else if (kind === 'stop') clock.stop();
          else if (kind === 'resume') clock.resume();
          else {
            const entry = { instant: before + by + 1, readings: [] as number[] };
            asked.push(entry);
            clock.at(entry.instant, () => entry.readings.push(clock.now()));
          }
          expect(clock.now()).toBeGreaterThanOrEqual(before);
        }
        for (const { instant, readings } of asked) {
          expect(readings).toHaveLength(instant <= clock.now() ? 1 : 0);
          expect(readings.filter((reading) => reading < instant)).toEqual([]);
        }
      }),
    );
  });
});
