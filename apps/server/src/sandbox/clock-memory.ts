import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readingOf, SandboxClock, type SandboxClockState, StartupError } from '@latchkey/platform';
import { z } from 'zod';

const state = z.object({ now: z.number().int(), wall: z.number().int(), running: z.boolean() });

/**
 * The sandbox's clock as it was left, so that time goes on where it stopped. Written at every step: a file,
 * replaced whole, costs less than a transaction and is as good after a kill.
 * @throws {StartupError} when what is kept can't be read
 */
export function rememberedClock(dataDir: string, running: boolean): SandboxClock {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'clock.json');
  const kept = read(file);
  const wall = Date.now();
  const now = kept ? readingOf(kept, wall) : wall;
  return new SandboxClock({ now, running, persist: (reading) => write(file, reading) });
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

function write(file: string, reading: SandboxClockState): void {
  const beside = `${file}.new`;
  const opened = openSync(beside, 'w', 0o600);
  try {
    writeSync(opened, JSON.stringify(reading));
    if (reading.running) fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
  renameSync(beside, file);
}
