import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClockWatch, type Logger, MINUTE } from '@latchkey/platform';
import type { Started } from '../started';

const REMEMBER_MS = MINUTE;

/**
 * Watches the machine's clock, and remembers what it read, so that the next process notices when it has been set back in
 * between. What can't be read or written is done without: the clock is taken for right then.
 */
export function watchedClock(dataDir: string, logger: Logger, started: Pick<Started, 'add'>): ClockWatch {
  const file = fileIn(dataDir);
  const watch = new ClockWatch({ lastRead: lastWallClock(dataDir) });
  const remember = (): void => {
    try {
      writeFileSync(`${file}.new`, JSON.stringify({ latest: watch.latest() }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (error) {
      logger.debug({ err: error }, "the clock's reading could not be written down");
    }
  };
  const timer = setInterval(remember, REMEMBER_MS).unref();
  watch.start();
  if (watch.offset < 0)
    logger.warn({ byMs: Math.round(watch.offset) }, 'the clock was put back while the server was down');
  started.add(() => {
    clearInterval(timer);
    watch.stop();
    remember();
  });
  return watch;
}

const fileIn = (dataDir: string): string => join(dataDir, 'wall-clock.json');

/** What the machine's clock read when a server last wrote it down, ms; undefined where none has. */
export function lastWallClock(dataDir: string): number | undefined {
  try {
    const { latest } = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as { latest?: unknown };
    return typeof latest === 'number' ? latest : undefined;
  } catch {
    return undefined;
  }
}
