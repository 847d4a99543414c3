import { MINUTE, SandboxClock } from '@latchkey/platform';
import { SandboxClockDriver, type Timed } from './sandbox-clock';
import type { Simulator } from './simulator';

const NOON = Date.parse('2026-03-02T12:00:00Z');

/** Something falls due each minute, for ever. */
function eachMinute(clock: SandboxClock, onSettled: () => void): Timed {
  return {
    settle: () => Promise.resolve(onSettled()),
    caughtUp: () => Promise.resolve(),
    nextDue: () => Promise.resolve((Math.floor(clock.now() / MINUTE) + 1) * MINUTE),
    lockCalls: 0,
    playing: () => undefined,
    hold: () => undefined,
    release: () => undefined,
  };
}

const simulator = { setClock: () => Promise.resolve(null) } as unknown as Simulator;

describe('putting the clock forward', () => {
  it('asks the lock cloud where that has something to play, and else lets it learn the time from requests', async () => {
    const clock = new SandboxClock({ now: NOON, running: false });
    const played: number[] = [];
    const plays = NOON + 90 * MINUTE;
    const setClock = (now: number) => {
      played.push((now - NOON) / MINUTE);
      return Promise.resolve(now < plays ? plays : null);
    };
    const server = eachMinute(clock, () => undefined);
    const driver = new SandboxClockDriver({ clock, simulator: { setClock } as never, server });
    await driver.advance((now) => now + 300 * MINUTE);
    expect(played).toEqual([0, 90, 300]);
  });

  it('ends with the request that asked for it, and leaves the clock to the next one', async () => {
    const clock = new SandboxClock({ now: NOON, running: false });
    const gone = new AbortController();
    const server = eachMinute(clock, () => {
      if (clock.now() >= NOON + 5 * MINUTE) gone.abort();
    });
    const driver = new SandboxClockDriver({ clock, simulator, server });
    const first = driver.advance((now) => now + 300 * MINUTE, gone.signal);
    const waiting = driver.advance((now) => now + 300 * MINUTE, gone.signal);
    await expect(first).rejects.toThrow('The request to advance the clock was abandoned.');
    expect(clock.now()).toBe(NOON + 5 * MINUTE);
    // One that nobody waits for by the time of its turn is not begun.
    await waiting;
    expect(clock.now()).toBe(NOON + 5 * MINUTE);
    expect(await driver.advance((now) => now + MINUTE)).toBe(NOON + 6 * MINUTE);
  });
});
