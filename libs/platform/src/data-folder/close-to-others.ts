import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../errors/startup-error';

/** What group and others may do. */
const OF_OTHERS = 0o077;
const STICKY = 0o1000;

/** Folders of the data folder whose files are closed too, if it was open. */
const FOLDERS_WITHIN = ['.', 'eventstore', 'eventstore/tls', 'lock-cloud', 'archive'];

/** Its own reader refuses it when others could read it: then the PINs count as known. */
const CHECKED_BY_ITS_READER = 'vault.key';

/**
 * Makes a data folder and the files in it accessible to its owner alone, whatever owner and mode it had.
 * @returns a line for each folder or file that was open, for the log
 * @throws StartupError if the folder is shared, like /tmp, or belongs to somebody else who leaves it open
 */
export function closeToOthers(dir: string): string[] {
  // Windows has no such modes.
  if (process.getuid === undefined) return [];
  const { mode, uid } = statSync(dir);
  if ((mode & STICKY) !== 0 && (mode & OF_OTHERS) !== 0) {
    throw new StartupError(
      `The data folder ${dir} is shared with other accounts; give DATA_DIR a folder of its own.`,
    );
  }
  const lines: string[] = [];
  if ((mode & OF_OTHERS) !== 0) {
    if (uid !== process.geteuid!()) {
      throw new StartupError(
        `The data folder ${dir} belongs to another account and is open to others; run: chown -R ${process.geteuid!()} ${dir}`,
      );
    }
    chmodSync(dir, mode & ~OF_OTHERS);
    lines.push(`the data folder ${dir} was open to other accounts (${octal(mode)}); it is closed now`);
  }
  for (const folder of FOLDERS_WITHIN) lines.push(...closeFiles(join(dir, folder)));
  return lines;
}

function closeFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name !== CHECKED_BY_ITS_READER)
    .map((name) => join(folder, name))
    .flatMap((path) => {
      const entry = lstatSync(path, { throwIfNoEntry: false });
      if (!entry || entry.uid !== process.geteuid!() || (entry.mode & OF_OTHERS) === 0) return [];
      if (!entry.isFile() && !entry.isDirectory()) return [];
      chmodSync(path, entry.mode & ~OF_OTHERS);
      return [`${path} was open to other accounts (${octal(entry.mode)}); it is closed now`];
    });
}

const octal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');
