import { mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readingOf, SandboxClock, type SandboxClockState, StartupError } from '@latchkey/platform';
import { z } from 'zod';

const state = z.object({ now: z.number().int(), wall: z.number().int(), running: z.boolean() });

/** Every reading takes as much room, so that it is written over the last one at once. */
const ROOM = 128;

/**
 * The sandbox's clock as it was left, so that time goes on where it stopped. It is written at every step, of which
 * there are thousands in a second: in place, which is whole after a kill.
 * @param reset begins with the wall's time, whatever is kept
 * @throws {StartupError} when what is kept can't be read
 */
export function rememberedClock(dataDir: string, running: boolean, reset = false): SandboxClock {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'clock.json');
  const kept = reset ? undefined : read(file);
  const opened = openSync(file, kept ? 'r+' : 'w', 0o600);
  const write = (reading: SandboxClockState): void => {
    writeSync(opened, JSON.stringify(reading).padEnd(ROOM), 0);
  };
  const wall = Date.now();
  const now = kept ? readingOf(kept, wall) : wall;
  return new SandboxClock({ now, running, persist: write });
}

/** What the clock of a sandbox reads now, ms, by what it keeps; undefined where there is none. @throws {StartupError} */
export function sandboxTime(dataDir: string): number | undefined {
  const kept = read(join(dataDir, 'clock.json'));
  return kept && readingOf(kept, Date.now());
}

function read(file: string): SandboxClockState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return state.parse(JSON.parse(text));
  } catch {
    throw new StartupError(
      `${file} does not hold a clock's reading; restore it, or remove it to begin with the wall's.`,
    );
  }
}
