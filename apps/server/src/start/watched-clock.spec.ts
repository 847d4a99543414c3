import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, HOUR } from '@latchkey/platform';
import { watchedClock } from './watched-clock';

const logger = createLogger('fatal');
let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'watched-clock-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

/** Starts watching, and what ends it. */
function started() {
  const ends: (() => unknown)[] = [];
  const watch = watchedClock(dataDir, logger, { add: (end) => void ends.push(end) });
  return { watch, stop: () => ends.forEach((end) => end()) };
}

it('remembers what the clock read, so that one put back meanwhile is noticed', () => {
  const first = started();
  expect(first.watch.offset).toBe(0);
  first.stop();
  const { latest } = JSON.parse(readFileSync(join(dataDir, 'wall-clock.json'), 'utf8')) as { latest: number };
  expect(Math.abs(latest - Date.now())).toBeLessThan(HOUR);

  writeFileSync(join(dataDir, 'wall-clock.json'), JSON.stringify({ latest: Date.now() + HOUR }));
  const second = started();
  expect(Math.round(second.watch.offset / HOUR)).toBe(-1);
  expect(second.watch.latest()).toBeGreaterThan(Date.now() + HOUR / 2);
  second.stop();
  // It still holds for the next process.
  const third = started();
  expect(Math.round(third.watch.offset / HOUR)).toBe(-1);
  third.stop();
});

it('takes the clock for right where nothing that can be read is remembered', () => {
  writeFileSync(join(dataDir, 'wall-clock.json'), 'nonsense');
  const { watch, stop } = started();
  expect(watch.offset).toBe(0);
  stop();
});
