import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** So long the controller of a server that was killed may take to end, ms. */
const ENDS_WITHIN_MS = 6_000;
const LOOKS_EVERY_MS = 50;

/** Another controller, as its command line shows it. */
const CONTROLLER = /[\\/]matter[\\/]controller[\\/]main\.[jt]s$/;

/**
 * Waits until the storage is nobody's. The library refuses to open one whose owner, a process number in a file, runs.
 * After a crash that is a controller which is about to end, or, as numbers are given again, any other program: for
 * good where a container begins to count anew at each start.
 * @param storage the folder that the library locks
 */
export async function untilNobodys(storage: string, within = ENDS_WITHIN_MS): Promise<void> {
  for (const ends = Date.now() + within; Date.now() < ends; await pause(LOOKS_EVERY_MS)) {
    const owner = await ownerOf(storage);
    if (owner === null || owner === process.pid) return;
    if (await isController(owner)) continue;
    for (const name of ['matter.pid', 'matter.lock']) await rm(join(storage, name), { force: true });
    return;
  }
}

async function ownerOf(storage: string): Promise<number | null> {
  const text = await readFile(join(storage, 'matter.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 0 ? pid : null;
}

/** Where programs can't be seen, whatever runs is taken for one. */
async function isController(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  return words === null
    ? process.platform !== 'linux'
    : words.split('\0').some((word) => CONTROLLER.test(word));
}
