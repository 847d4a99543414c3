import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Libsql from 'libsql';
import { StartupError } from '../errors/startup-error';
import { closeToOthers } from './close-to-others';

/** Another process holds the folder. */
export class FolderInUse extends StartupError {}

/** Takes a data folder as `lockDataDir` does; undefined where another process holds it. @throws StartupError otherwise */
export function lockUnlessHeld(dir: string): { release(): void } | undefined {
  try {
    return lockDataDir(dir);
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
}

/**
 * Takes a data folder for this process alone: makes it if need be, closes it to other accounts, checks that it can be
 * written, and holds a lock that ends with the process however it dies. Everything that this process writes from then on,
 * there and elsewhere, is for its own account alone.
 * @param tell called for each folder or file that was open to others
 * @throws StartupError if the folder can't be used or another process holds it.
 */
export function lockDataDir(
  dir: string,
  tell: (line: string) => void = () => undefined,
): { release(): void } {
  process.umask(0o077);
  try {
    make(resolve(dir));
    closeToOthers(dir).forEach((line) => tell(line));
    const probe = join(dir, `.probe-${process.pid}-${randomBytes(4).toString('hex')}`);
    writeFileSync(probe, '', { flag: 'wx' });
    unlinkSync(probe);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The data folder ${dir} can not be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return hold(dir);
}

// Not mkdirSync's own recursion: where a folder's parent is there and yet takes no folder, as under /proc, Node 20's
// never returns.
function make(dir: string): void {
  if (existsSync(dir)) return;
  make(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}

// SQLite's exclusive lock is one of the operating system's on an open file: it can't outlive its process, which
// a file with a process id in it can.
function hold(dir: string): { release(): void } {
  const lock = new Libsql(join(dir, '.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) {
      throw new FolderInUse(`The data folder ${dir} is in use by another process.`, { cause: error });
    }
    throw new StartupError(`The data folder ${dir} can not be locked: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return {
    release() {
      if (lock.open) lock.close();
    },
  };
}
