import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { LoopPauses } from './loop-pauses';

const ACCOUNT = '/proc/thread-self/schedstat';
/** Only Linux tells how long a thread waited for a processor. */
const whereTold =
  existsSync(ACCOUNT) && Number.parseInt(readFileSync(ACCOUNT, 'latin1'), 10) > 0 ? it : it.skip;

let pauses: LoopPauses;
beforeEach(async () => {
  pauses = new LoopPauses();
  // Real time: it is the event loop's own.
  await pause(20);
  pauses.reset();
});
afterEach(() => pauses.end());

/** Holds the thread until the process has computed for so long, ms of a processor; some of it is done by other threads. */
function compute(ms: number): void {
  const begun = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(begun);
    if (user + system > ms * 1_000) return;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('pauses of the event loop', () => {
  it('are as long as the thread sleeps', () => {
    sleep(80);
    // On a busy machine the kernel counts some of it as time in the queue.
    expect(pauses.longest()).toBeGreaterThan(60);
  });

  it('are as long as it computes, and each by itself', async () => {
    compute(100);
    const whole = pauses.longest();
    expect(whole).toBeGreaterThan(50);
    pauses.reset();
    // Real time: the loop goes round in between.
    await pause(20);
    sleep(10);
    await pause(20);
    sleep(10);
    expect(pauses.longest()).toBeGreaterThan(5);
  });

  whereTold('do not count what a busy machine does with its processors meanwhile', async () => {
    const others = Array.from({ length: 3 * availableParallelism() }, () =>
      spawn(process.execPath, ['-e', 'console.log("busy"); for (;;);'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    try {
      await Promise.all(others.map(({ stdout }) => once(stdout, 'data')));
      pauses.reset();
      const begun = performance.now();
      compute(100);
      const took = performance.now() - begun;
      const longest = pauses.longest();
      expect(longest).toBeGreaterThan(50);
      // The others had the processors as well.
      expect(took).toBeGreaterThan(1.5 * longest);
    } finally {
      for (const other of others) other.kill('SIGKILL');
    }
  });
});
